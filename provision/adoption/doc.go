// Package adoption knows the users of a desk behind whom no account stands: it keeps
// the last complete list of each desk, decides who of our people a user may be and
// how sure that is, which users are left alone, and which of them a wave adopts; and
// it gives the users of a wave back as they were.
//
// It calls no desk: sweeps note what they list, and whoever begins or undoes a wave
// hands in a [Reader] or a [Desk].
package adoption
