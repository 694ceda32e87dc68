
/** A place in a room, in thousandths of the game's unit of length. */
export interface Position {
  x: number;
  y: number;
  z: number;
}

/** Where a member of a room is; a full turn of `dir` is 65536, 0 is east, counter-clockwise. */
export interface MemberState {
  uid: number;
  pos: Position;
  dir: number;
}

/** The messages of one direction of a link. */
export interface Link<M> {
  readonly opcodes: { readonly [name: string]: number };
  /** A frame's body. Throws `RangeError` or `TypeError` for what does not fit the message. */
  encode(message: M): Uint8Array<ArrayBuffer>;
  /** The message of a body; null if its opcode is unknown. Throws `Malformed`. */
  decode(body: Uint8Array): M | null;
}
