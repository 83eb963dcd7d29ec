// Package seat holds the commands of seats: how many are taken and what they cost, who
// has one and does not use it, taking and giving back, and the ledger.
package seat
