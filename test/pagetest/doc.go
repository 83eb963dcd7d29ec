// Package pagetest runs the commands that a page of the documentation tells
// readers to run, and compares what they print with what the page shows. It
// knows nothing of Deskbridge.
//
// Readers see a page as their viewer shows it; this package reads its text:
//
//   - a block of language sh is run, and each of its commands must succeed;
//   - a block of language console is a session: lines that begin with "$ " are
//     run, and the others must come out, in that order ([Matches] says how);
//   - a comment "<!-- not run: WHY -->" before a block says why it cannot be run
//     on one machine, without a network;
//   - a comment "<!-- file: NAME -->" before a block says that readers save it
//     under that name;
//   - a comment "<!-- test: COMMANDS -->" holds what a reader does elsewhere or
//     waits for: it is run, too.
//
// All of a page runs in one shell, from top to bottom, in an empty folder.
package pagetest
