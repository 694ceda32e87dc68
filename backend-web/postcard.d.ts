// The types of postcard.js: a game's own messages are read by the compiler as the realm's are.

/** The bytes are no such message. */
export class Malformed extends Error {}

/** Bytes that are being read. */
export interface Input {
  readonly bytes: Uint8Array;
  place: number;
  byte(): number;
  take(count: number): Uint8Array;
}

/** How a `T` is written and read; `W` is what else may be written. */
export interface Codec<T, W = T> {
  /** Throws `RangeError` or `TypeError` for what it can't carry. */
  write(out: number[], value: W): void;
  /** Throws `Malformed`. */
  read(input: Input): T;
}

/** What is read with a codec. */
export type Read<C> = C extends Codec<infer T, any> ? T : never;
/** What may be written with a codec. */
export type Written<C> = C extends { write(out: number[], value: infer W): void } ? W : never;

export type AnyCodec = Codec<any, any>;
export type Fields = Readonly<Record<string, AnyCodec>>;

export const bool: Codec<boolean>;
export const u8: Codec<number>;
export const u16: Codec<number>;
export const u32: Codec<number>;
/** Below 2^53: what a number holds exactly. */
export const u53: Codec<number>;
export const u64: Codec<bigint, bigint | number>;
export const i8: Codec<number>;
export const i16: Codec<number>;
export const i32: Codec<number>;
export const i64: Codec<bigint, bigint | number>;
/** Rounded to the nearest; what would become infinite by that is refused. */
export const f32: Codec<number>;
export const f64: Codec<number>;

/** Bytes whose number both sides know. */
export function array(count: number): Codec<Uint8Array>;
/** At most so many bytes. */
export function bytes(most: number): Codec<Uint8Array>;
/** UTF-8 of at most so many bytes. */
export function text(most: number): Codec<string>;
/** Something, or null. */
export function option<C extends AnyCodec>(some: C): Codec<Read<C> | null, Written<C> | null>;
/** At most so many of a kind. */
export function list<C extends AnyCodec>(most: number, item: C): Codec<Read<C>[], readonly Written<C>[]>;
/** One of each, in their order; `[T; 3]` is three of a kind. */
export function tuple<const C extends readonly AnyCodec[]>(...items: C): Codec<
  { -readonly [Place in keyof C]: Read<C[Place]> },
  { readonly [Place in keyof C]: Written<C[Place]> }
>;
/** Fields by name, in their order. */
export function record<F extends Fields>(fields: F): Codec<
  { [Name in keyof F]: Read<F[Name]> },
  { readonly [Name in keyof F]: Written<F[Name]> }
>;
/** One of several, in the order of the enum: a name, or `{ Name: content }`. */
export function variants<V extends Readonly<Record<string, AnyCodec | null>>>(known: V): Codec<
  { [Name in keyof V]: V[Name] extends null ? Name : { [Only in Name]: Read<V[Name]> } }[keyof V],
  { [Name in keyof V]: V[Name] extends null ? Name : { readonly [Only in Name]: Written<V[Name]> } }[keyof V]
>;

/** The messages of one direction of a link: `M` as they are read, `W` as they may be written. */
export interface Link<M, W = M> {
  readonly opcodes: { readonly [name: string]: number };
  /** A frame's body. Throws `RangeError` or `TypeError` for what does not fit the message. */
  encode(message: W): Uint8Array<ArrayBuffer>;
  /** The message of a body; null if its opcode is unknown. Throws `Malformed`. */
  decode(body: Uint8Array): M | null;
}

type Messages = Readonly<Record<string, readonly [opcode: number, fields: Fields]>>;

/** One direction of a link: `{ Name: [opcode, fields] }`. */
export function link<const M extends Messages>(messages: M): Link<
  { [Name in keyof M]: { type: Name } & { [Field in keyof M[Name][1]]: Read<M[Name][1][Field]> } }[keyof M],
  { [Name in keyof M]: { type: Name } & { readonly [Field in keyof M[Name][1]]: Written<M[Name][1][Field]> } }[keyof M]
>;
