// Package removal removes connections and desks: it says what would end, decides
// in one transaction, and finishes what that leaves to do.
//
// The decision frees the name, ends rules, tokens and sessions, and writes to
// the audit log. What takes longer is done by [Service.Finish], as often as it is
// called and by whoever calls it: once access has ended on the desks, or at once
// where it stays, everything but the audit log is deleted, a batch at a time.
package removal
