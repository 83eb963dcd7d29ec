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
// Each way to waiting enqueues a job in the same transaction, and
// [Service.CatchUp] finds those whose job was lost.
//
// The states of a run, which is not stored, are in docs/house/reconcile-run.md.
//
// A run that ends after the desired access has changed again notes no outcome:
// what it saw is old, and the next run is enqueued ([provision.Account].Revision
// tells).
package reconcile
