// Package request is the request log: what identity providers and browsers
// asked for, what they were answered and why, and what that caused; meaning, and
// never bodies. It decides for how long that is kept, and what is left out when
// there is too much: no request waits for its line in the log, or fails with it.
//
// A line is noted by the edges (internal/requestlog), handed over when the
// request is answered ([Service.Add]), and written a moment later with others
// ([Service.Run]). What the request changed is in the audit log, under the same
// id.
package request
