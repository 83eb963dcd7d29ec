// Package audit keeps the audit log: who asked for what, and what came of it.
//
// [Service.Record] is the only writer of entries; whoever changes something
// calls it in the same transaction. [Service.Seal] seals entries within a second
// in blocks, which are a hash chain, and [Service.Verify] proves that none was
// changed, removed or put in. The form of the chain is in docs/audit.md.
//
// The package decides nothing, and knows no rule, protocol or desk.
package audit
