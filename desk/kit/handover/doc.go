// Package handover is what connectors do alike when conversations pass from one hand to
// another, on desks where each ticket is in a group: read one ([One]), collect what somebody has ([Open]), give
// one to another ([Tickets]), or many at a time ([Bulk]).
//
// No answer of a desk is believed: each write is read back. And nothing is given to somebody
// who would not see it. The package knows no vendor: a connector reads tickets, and writes them.
package handover
