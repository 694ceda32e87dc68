// The Mains of a realm that has several, as the one that we are with has told of them, and which of them we go to.
//
// When one is lost, or does not let us in, all others of the list are tried, from one of chance on; then the one that
// the page names, and last the one that was lost, as the list calls it. With a welcome that begins anew.

/** As many are remembered. */
const MOST = 8;

export class Mains {
  #random;
  #list = [];
  /** The place of the one that we were with last, if we know it. */
  #here = -1;
  #first = 0;
  #tried = 0;
  /** Where to go; null for where the page says. */
  address = null;

  /** `random()` is from 0 to below 1. */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** Main tells of one: a `MainAddress`. */
  hear({ index, count, is_here, addr }) {
    if (index >= count) return;
    if (index === 0) this.#here = -1;
    this.#list.length = Math.min(this.#list.length, count);
    if (index > this.#list.length || index >= MOST) return;
    this.#list[index] = addr;
    if (is_here) this.#here = index;
  }

  /** We are with one, and which that is in the list comes with that. */
  welcomed() {
    this.#here = -1;
    this.#tried = 0;
  }

  /** The link to one has ended: where to the next one goes. */
  lost() {
    const count = this.#list.length;
    if (this.#tried === 0) this.#first = Math.floor(this.#random() * count);
    const round = this.#list.map((_, place) => (this.#first + place) % count);
    const others = round.filter((place) => place !== this.#here);
    const last = this.#tried === count ? this.#here : -1;
    this.address = this.#list[others[this.#tried] ?? last] ?? null;
    this.#tried = this.#tried >= count ? 0 : this.#tried + 1;
  }
}
