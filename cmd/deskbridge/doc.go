// Command deskbridge is the program: a server, and the verbs of its admins.
//
// The commands of a noun are in a folder beside this file; package command is what
// they have in common. A verb is a function that reads flags, calls one service of the core, and
// prints what comes of it, for people or with --json for programs. Commands work
// on the database directly, beside a running server. Nothing is decided here:
// what a configuration may say, package settings decides; package server opens
// and wires everything.
package main
