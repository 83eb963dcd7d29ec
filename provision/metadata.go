package provision

import "time"

// Metadata is what an identity provider publishes about itself, as it was last
// fetched.
type Metadata struct {
	Connection ConnectionID
	URL        string
	Body       []byte
	FetchedAt  time.Time // of Body
	TriedAt    time.Time // when it was last asked for
	Problem    string    // why the last try brought nothing new, for an admin; empty when it did

	// Waiting is a newer body that an admin has to look at first: it names
	// another entity, or none of the keys that were known.
	Waiting []byte
}
