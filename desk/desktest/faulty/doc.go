// Package faulty is a help desk that lies, lags and limits, for tests of
// whoever calls one.
//
// [New] puts a [Plan] before any [desk.Desk], and keeps which optional parts of the
// contract it has, as [desk.As] tells them:
//
//	d := faulty.New(honest, faulty.Plan{Script: []faulty.Fault{
//		{Kind: faulty.Pretend, Method: faulty.Assign, Times: faulty.Always},
//		{Kind: faulty.Missing, Method: faulty.Find, User: leaver},
//	}})
//	work(d.Desk())
//	moved := d.Moves() // what the desk has really done, whatever it said
//
// A script says what befalls which call; [Plan.Random] has a seed and a rate
// instead, or besides. [Desk.Books] are the desk's own books: each call, what
// the desk did and what its caller was told, so that a test can hold its own
// record against them.
//
// Faults are those of the contract: what a caller sees when a connector has
// done its best. What goes wrong on the wire is the connectors' own tests'.
package faulty
