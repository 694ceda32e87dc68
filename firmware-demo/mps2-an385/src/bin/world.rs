//! The role `world` on this board, with the game of tag.
#![no_std]
#![no_main]

use tinyrealm_tag::Tag;

tinyrealm_firmware::world!(Tag);
tinyrealm_mps2_an385::entry!();
