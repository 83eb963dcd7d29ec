// Package edit is what connectors do alike when they change something on a desk: look, write
// what is not as desired, and look again, for no answer to a write is believed.
//
// [Bring] does so with the fields of a record, and [Writer] where those are no texts; [Places] with
// the teams or mailboxes that a user is in, [Inflow] with what keeps new conversations from somebody,
// and [Remove] with a record that is to be gone, or [Later] where a desk takes its time. [Gone],
// [PlaceGone] and [Unless] say what an error of a write means. The package knows no vendor: a
// connector reads and writes, and says what was not done.
package edit
