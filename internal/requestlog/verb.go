package requestlog

// Verb is what a request asks for.
type Verb string

// The verbs. With a status of 400 and more it was not done.
const (
	Create     Verb = "create"      // of a person or a group
	Change     Verb = "change"      // of one
	Remove     Verb = "remove"      // of one
	Read       Verb = "read"        // of one
	List       Verb = "list"        // of people, groups or both, without a filter
	Find       Verb = "find"        // a list with a filter
	Bulk       Verb = "bulk"        // several in one
	Discover   Verb = "discover"    // what this server can do: often the test of a new connection
	TakeToken  Verb = "token"       // an OAuth client wants an access token
	SignIn     Verb = "sign-in"     // somebody signs in
	BreakGlass Verb = "break-glass" // an admin signs in past the identity provider
	Unknown    Verb = ""            // it was refused before that was looked at
)
