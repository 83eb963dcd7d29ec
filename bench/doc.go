// Command bench measures Deskbridge beside two other servers and PostgreSQL
// itself, on one machine and in one run, and prints ratios with the goal of
// each.
//
// Rates differ from machine to machine and from hour to hour; ratios of runs
// made in turn hold. So every operation is run on each server in turn, several
// times, and what is printed is the median. CPU time is that of the server and
// of PostgreSQL together, as /proc has it.
//
// It starts everything itself, on loopback: the servers of package reference, and
// the Deskbridge binary that it is given, each with a database of its own.
package main
