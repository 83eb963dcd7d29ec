package provision

import (
	"encoding/json"
	"time"
)

// TicketKind says what a ticket is good for.
type TicketKind string

// Ticket is something that can be used once, and not for long: a sign-in that
// waits for its answer, an answer that waits for its browser, a code. Whoever
// shows the secret behind Hash may take it.
type Ticket struct {
	Hash       []byte // SHA-256 of the secret
	Kind       TicketKind
	Connection ConnectionID    // may be empty
	Data       json.RawMessage // the protocol edge's own; sealed by the store
	ExpiresAt  time.Time
}
