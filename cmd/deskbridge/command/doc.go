// Package command is what the verbs of the command line have in common: one run
// of the program, its exit status, and how a verb opens the database and prints
// what came of it. Each noun has a package of its own beside it, with a function
// that makes its commands.
package command
