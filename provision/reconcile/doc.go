// Package reconcile brings desks to the access that accounts should have, one
// [Run] at a time, and notes what came of it.
//
// It decides when a run may begin ([Service.Begin]: due, leased to one worker
// only, not on hold by the mass-change [Brake]), what must be written on the desk
// and what never may be ([Writes], without I/O), who gets a seat
// ([Run.TakeSeat]), how a run ends and when the next one is due. How a desk is
// called is the business of package worker, what access a person should have that
// of entitlement, what is known of a desk as a whole that of deskhealth.
//
// The states of an account and what leads from one to the other, and those of a
// run, which is not stored, are in docs/house/reconcile-run.md;
// [provision.Account] keeps its State, and a run is due while Reconciled <
// Revision. Each way to waiting enqueues a job in the same transaction, and
// [Service.CatchUp] finds those whose job was lost.
//
// A run that ends after the desired access has changed again notes no outcome:
// what it saw is old, and the next run is enqueued ([provision.Account].Revision
// tells).
package reconcile
