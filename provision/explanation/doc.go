// Package explanation says why somebody has what they have on a desk
// ([Service.Explain]), and why they have not what is asked for ([Service.WhyNot]).
//
// It decides nothing: what rules grant is decided by [provision.Evaluate], which it
// asks anew, what a person's terms bar them from by [provision.Terms]. It writes
// nothing either.
//
// The package knows no HTTP, no SQL and no kind of desk.
package explanation
