package desk

// Remains is what is left of somebody on a kind of desk, whose access has ended
// there, when its API has done all that it can; for people to read.
type Remains struct {
	Check []string // what no API can cut or show, with the clicks; a sentence each, with a full stop
	Stays []string // under the person's name, in a few words each
}
