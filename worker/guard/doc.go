// Package guard is what stands between runs and a desk. It decides whether a
// call may be made now, which request goes first, how long a call may take, and
// when a desk is left alone.
//
//	Desks ─▶ Session, a desk as one run or sweep calls it
//	           │  each call     circuit: is the desk paused?   lease: is it kept?
//	           ▼  each request  limiter: whose turn is it?     pace: is there progress?
//	         the connector
//
// A call that was not made ends with a [PausedError], and nothing was done: see
// [IsPaused]. The core is told of pauses by [Health], and [Metrics] counts. What
// is called, and why, package worker decides.
package guard
