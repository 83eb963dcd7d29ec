// Package seat tells how many seats of each desk are taken ([Service.Uses]), who has
// one and does not use it ([Service.Idle]), and what seats were freed and taken, when,
// why, and what that was worth ([Service.Ledger]).
//
// It decides who is idle, and keeps the terms by which somebody idle has less
// ([Service.Take]) until they come again ([Service.GiveBack]). What those terms mean for
// access is decided by [provision.Evaluate]. That a seat is free is said only where the
// desk was read back.
//
// The package knows no HTTP, no SQL and no kind of desk.
package seat
