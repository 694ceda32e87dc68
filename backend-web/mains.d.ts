/** The Mains of a realm that has several; a part of `tinyrealm.js`. */
export class Mains {
  constructor(random?: () => number);
  address: string | null;
  hear(message: { index: number; count: number; is_here: boolean; addr: string }): void;
  welcomed(): void;
  lost(): void;
}
