// Package offboarding tells how people left: one [Record] for each time, from the
// first signal until access had ended on every desk, or until they came back.
//
// It keeps no book of its own. A record is what the audit log, the accounts, the
// journal and the sessions say, put together when somebody asks; that access has
// ended it says only where a desk was read back. [Service.Sign] signs a record
// together with the head of the audit log that it rests on, and [Open] checks
// one that was kept.
//
// The package changes nothing but the seal of the audit log, and knows no vendor.
package offboarding
