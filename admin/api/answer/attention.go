package answer

import "time"

// Attention is what somebody has to see to.
type Attention struct {
	NeedsPerson bool         `json:"needs_person" doc:"whether anything waits for somebody"`
	At          time.Time    `json:"at"`
	Findings    []Finding    `json:"findings" doc:"what concerns most comes first"`
	Causes      []Cause      `json:"causes" doc:"why accounts wait for somebody, each once"`
	Leavers     []Affected   `json:"leavers" doc:"whose access is to end, and of which the desk has not confirmed it; the oldest 100"`
	LeaverCount int          `json:"leaver_count" doc:"of all those"`
	Drifts      []DriftFound `json:"drifts"`
}

// Finding is one thing that somebody has to see to.
type Finding struct {
	Code       string     `json:"code" doc:"docs/operations.md lists them"`
	Connection string     `json:"connection,omitempty"`
	Desk       string     `json:"desk,omitempty"`
	Token      string     `json:"token,omitempty"`
	Groups     []string   `json:"groups,omitempty"`
	At         *time.Time `json:"at,omitempty" doc:"since when, or when something ends"`
	Count      int        `json:"count,omitempty"`
	Text       string     `json:"text"`
	Do         string     `json:"do,omitempty"`
}

// Cause is one reason for which accounts wait.
type Cause struct {
	State    string     `json:"state"`
	Code     string     `json:"reason_code,omitempty"`
	Reason   string     `json:"reason"`
	Desks    []string   `json:"desks"`
	People   int        `json:"people"`
	Since    *time.Time `json:"since,omitempty" doc:"when the first of them lost access, where they are on hold"`
	Accounts []Affected `json:"accounts" doc:"the first 100"`
	Count    int        `json:"count" doc:"of accounts"`
}

// Affected is an account, and whose it is.
type Affected struct {
	Account     string     `json:"account"`
	Person      string     `json:"person"`
	Connection  string     `json:"connection"`
	Name        string     `json:"name,omitempty"`
	Address     string     `json:"address,omitempty"`
	Desk        string     `json:"desk"`
	State       string     `json:"state"`
	Reason      string     `json:"reason,omitempty"`
	Code        string     `json:"reason_code,omitempty"`
	EndingSince *time.Time `json:"ending_since,omitempty"`
}

// DriftFound is an account that was changed on its desk by hand.
type DriftFound struct {
	Account     string    `json:"account"`
	Person      string    `json:"person"`
	Name        string    `json:"name,omitempty"`
	Desk        string    `json:"desk"`
	FoundAt     time.Time `json:"found_at"`
	Differences []string  `json:"differences"`
}
