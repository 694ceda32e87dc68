#![no_std]
//! tag
