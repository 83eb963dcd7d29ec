// Package entitlement turns what rules grant into accounts and jobs: for each
// person and desk the desired access, and a reconcile run where the desk must
// change.
//
// [Service.EvaluateIn] and [Service.Update] do so for people whom a change
// concerns, in the transaction of that change; [Service.MarkDirty] leaves it to
// a worker where a change may concern many, and [Service.EvaluateDirty] is what
// the worker does then.
//
// [Memberships] says which groups a person is in, directly or through nested ones.
// What a rule grants is decided by [provision.Evaluate]; what is written on a
// desk, and when, by package reconcile.
package entitlement
