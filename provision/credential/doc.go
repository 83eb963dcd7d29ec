// Package credential decides which identity provider a request comes from: by
// a bearer token, or by an access token that an OAuth client bought with its
// secret (RFC 6749 §4.4). Only hashes are kept, and everything that is wrong is
// the same refusal, so that nothing can be probed.
package credential
