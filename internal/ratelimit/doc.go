// Package ratelimit decides whether one more event of somebody is within what
// they may do: a token bucket for each key, in bounded memory, for one process.
//
// It is for whom we serve: it answers at once, and never makes anybody wait. What
// we ask of help desks is held back, in order of priority, by those who ask. The
// package does not know what is counted, nor what is refused when a limit is
// reached: who asks decides that. It knows no HTTP.
package ratelimit
