package admin

// Run is one run of a command of the command line that a server is asked for: POST
// /api/v1/commands/person-list runs `deskbridge person list`.
type Run struct {
	Arguments []string `json:"arguments,omitempty"` // behind the command's words
	// Files are those that the command line names, by the names that it has for them,
	// - being standard input: a command reads no other.
	Files map[string][]byte `json:"files,omitempty"`
	// Environment are the variables that a draft refers to.
	Environment map[string]string `json:"environment,omitempty"`
	// Terminal says that a person is there to be asked.
	Terminal bool `json:"terminal,omitempty"`
	// Typed is what they answered, to a run that asked; nil: none has asked.
	Typed *string `json:"typed,omitempty"`
}

// Said is one line of the answer to a [Run]: JSON, one a line, as the command says
// it. The last one has Asks or Status; without it the answer broke off.
type Said struct {
	Out    string `json:"out,omitempty"` // on standard output
	Err    string `json:"err,omitempty"` // on standard error
	Asks   bool   `json:"asks,omitempty"`
	Status *int   `json:"status,omitempty"` // exit status
}

// SaidType is the media type of what a [Run] answers.
const SaidType = "application/x-ndjson"

// Login exchanges the code that a browser was given for a token.
type Login struct {
	Code     string `json:"code"`
	Verifier string `json:"verifier"` // RFC 7636 section 4.1, of method S256
}

// LoggedIn is the token that a [Login] makes.
type LoggedIn struct {
	Token     string   `json:"token"`
	Name      string   `json:"name"`
	Role      string   `json:"role"`
	Verbs     []string `json:"verbs,omitempty"` // none: all that needs no fresh sign-in
	ExpiresAt string   `json:"expires_at"`      // RFC 3339
}
