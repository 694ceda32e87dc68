
/** A place in a room, in thousandths of the game's unit of length. */
export interface Position {
  x: number;
  y: number;
  z: number;
}

/** The versions of the protocol that somebody speaks. */
export interface Versions {
  from: number;
  to: number;
}

/** A member of a room: what it is called there, who and where it is; a full turn of `dir` is 65536, 0 is east, counter-clockwise. */
export interface MemberState {
  number: number;
  uid: number;
  pos: Position;
  dir: number;
}
