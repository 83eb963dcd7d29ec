// Package kit sends JSON to help desks over HTTP.
//
// It is what every connector needs to be a good guest: few requests at once, an
// end to each of them, answers of a bounded size, credentials that go to the
// configured address and nowhere else, and errors that hold no address of
// anybody. A read that broke on the way is repeated; a write never is, because
// one whose answer is lost must be looked at first.
//
// The package knows no vendor: a connector brings the paths, the headers with
// its credentials, a [Vendor] for administrators to read about, and what its desk's own refusals
// mean.
package kit
