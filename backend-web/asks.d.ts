// The types of asks.js: what a game sees of it.

/** How many questions may be under way. */
export const ASKS_MAX: number;

/** A question has no answer. */
export class AskFailed extends Error {
  /** A name of `ErrorCode`: "REFUSED", "NOT_UNDERSTOOD", "BUSY", "TIMED_OUT", or "LOST" with the room. */
  readonly reason: string;
  /** The game's own number for why it refuses. */
  readonly code: number;
  constructor(reason: string, code?: number);
}
