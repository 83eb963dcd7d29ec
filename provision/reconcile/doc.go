// Package reconcile brings desks to the access that accounts should have, one
// [Run] at a time, and notes what came of it.
//
// It decides when a run may begin ([Service.Begin]: due, leased to one worker
// only, not on hold by the mass-change [Brake]), what must be written on the desk
// and what never may be ([Writes], without I/O), who gets a seat
// ([Run.TakeSeat]), how a run ends and when the next one is due. It does not
// know how a desk is called, which is the business of package worker and of
// connectors; nor what access a person should have, which package entitlement
// decides; nor what is known of a desk as a whole, sweeps and drift among it,
// which is with package deskhealth; nor SQL.
//
// # States of an account
//
// [provision.Account] has a State; a run is due while Reconciled < Revision.
//
//	             desired access changes, a person says retry,
//	             a seat falls free, an admin releases it
//	     ┌────────────────────┬─────────────────┬──────────────────┐
//	     ▼                    │                 │                  │
//	  waiting ──Confirm──▶ ready / ended        │                  │
//	   │  ▲ │                                   │                  │
//	   │  │ └──NeedsAttention, Ask, Fail no. 200─▶ needs-attention │
//	   │  │                                        └────recheck────┤
//	   │  └──Fail, PutOff, Defer: again at RetryAt                 │
//	   └─────Begin, when the brake is on────▶ on-hold ─────────────┘
//
//	state            means                             left by
//	waiting          a run is due; not before RetryAt  the outcome of its run
//	ready            the desk shows the access         desired access changes; drift is repaired
//	ended            the desk shows that access ended, desired access changes; drift is repaired
//	                 and nobody in the person's name
//	needs-attention  a person is needed; ReasonCode    retry; a free seat (ReasonCode seat); desired
//	                 and Reason say for what           access changes; with RetryAt a run looks again
//	on-hold          mass-change protection keeps the  an admin releases it; desired access changes;
//	                 end of access waiting, or an      the person is suspended or removed
//	                 admin rejected it
//
// Whatever leaves a state by itself does so through the queue: each way to
// waiting enqueues a job in the same transaction, and [Service.CatchUp] finds
// those whose job was lost.
//
// # States of a run
//
// A run is not stored; what is left of one that dies is the account's
// LeaseUntil and the journal.
//
//	Begin ──▶ open ──Journal──▶ writing ──Accepted, Drop──▶ open ──▶ ended
//
//	state    the database holds                 moves on by
//	open     the lease, 45 s at a time          Renew, Claim, TakeSeat keep it; Journal
//	writing  the lease, and journalled writes   Accepted (the desk said so; Seen enters it when the
//	                                            desk shows it), Drop (it was not done)
//	ended    no lease; the account's new state  Confirm, Ask, Fail, PutOff
//	lost     the lease ran out                  every method returns ErrBusy; the next run closes
//	                                            the journal with ResolveInterrupted
//
// A run that ends after the desired access has changed again notes no outcome:
// what it saw is old, and the next run is enqueued ([provision.Account].Revision
// tells).
package reconcile
