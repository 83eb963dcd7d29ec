package answer

import (
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// DeskUser is a user of a desk whom no account holds, and who they may be.
type DeskUser struct {
	User       string     `json:"user" doc:"the desk's id"`
	Address    string     `json:"address"`
	Name       string     `json:"name,omitempty"`
	Role       string     `json:"role"`
	Teams      []string   `json:"teams"`
	Mailboxes  []string   `json:"mailboxes"`
	Seat       bool       `json:"seat" doc:"takes one of the desk's, being active"`
	LastActive *time.Time `json:"last_active,omitempty" doc:"absent: never, or the desk does not tell"`
	LeftAlone  string     `json:"left_alone,omitempty" doc:"why"`
	Confidence string     `json:"confidence,omitempty" enum:"exact,strong,weak" doc:"of the first match; absent: nobody of ours"`
	Conflict   string     `json:"conflict,omitempty" doc:"why nobody can say whose user it is"`
	Matches    []Match    `json:"matches" doc:"the surest first"`
}

// Match is a person who may be behind a desk user.
type Match struct {
	Person     string `json:"person" doc:"id"`
	Address    string `json:"address,omitempty"`
	UserName   string `json:"user_name"`
	Connection string `json:"connection"`
	Confidence string `json:"confidence" enum:"exact,strong,weak"`
	Why        string `json:"why"`
}

// Roster is a page of the users of a desk whom no account holds.
type Roster struct {
	Items    []DeskUser `json:"items"`
	Next     string     `json:"next,omitempty" doc:"the cursor of the next page; absent on the last"`
	ListedAt time.Time  `json:"listed_at" doc:"when the desk was read to its end: nothing here is newer"`
	Listed   int        `json:"listed" doc:"users with a role, then"`
}

// RosterOf returns a page of such users, without its cursor.
func RosterOf(r adoption.Roster, found []adoption.Candidate) Roster {
	out := Roster{Items: []DeskUser{}, ListedAt: r.ListedAt, Listed: r.Users}
	for i := range found {
		c, u := &found[i], &found[i].User
		one := DeskUser{User: string(u.ID), Address: u.Email, Name: u.DisplayName, Role: string(u.Role), Teams: append([]string{}, u.Teams...), Mailboxes: append([]string{}, u.Mailboxes...), Seat: u.Active,
			LeftAlone: c.Aside, Confidence: string(c.Confidence()), Conflict: c.Conflict, Matches: []Match{}}
		if seen := slices.MaxFunc([]time.Time{u.LastActive, u.LastLogin}, time.Time.Compare); !seen.IsZero() {
			one.LastActive = &seen
		}
		for j := range c.Matches {
			one.Matches = append(one.Matches, matchOf(&c.Matches[j]))
		}
		out.Items = append(out.Items, one)
	}
	return out
}

func matchOf(m *adoption.Match) Match {
	return Match{string(m.Person.ID), plan.PersonOf(m.Person).Address, m.Person.UserName, m.Connection, string(m.Confidence), m.Why}
}

// WavePlan is a wave before it is begun.
type WavePlan struct {
	Desk  string     `json:"desk"`
	Hash  string     `json:"hash" doc:"of whom it adopts, and what changes for them: begin it by this"`
	Users int        `json:"users" doc:"that would be adopted"`
	Steps []WaveStep `json:"steps"`
}

// WaveStep is one user of a wave.
type WaveStep struct {
	User    string   `json:"user" doc:"the desk's id"`
	Address string   `json:"address"`
	Match   Match    `json:"match"`
	Changes []string `json:"changes" doc:"on the desk, by what rules give the person"`
	Ends    bool     `json:"ends" doc:"access would end"`
	Refused string   `json:"refused,omitempty" doc:"why the user is not adopted"`
}

// WavePlanOf returns a wave of a desk that would be begun.
func WavePlanOf(d provision.Desk, steps []adoption.Step) WavePlan {
	out := WavePlan{Desk: d.Name, Steps: []WaveStep{}}
	out.Hash, out.Users = adoption.HashOf(steps)
	for i := range steps {
		s := &steps[i]
		out.Steps = append(out.Steps, WaveStep{string(s.User.ID), s.User.Email, matchOf(&s.Match), append([]string{}, s.Changes...), s.Ends, s.Refused})
	}
	return out
}

// Wave is desk users that were adopted at once.
type Wave struct {
	ID     string    `json:"id"`
	Desk   string    `json:"desk"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Users  int       `json:"users"`
	Undone int       `json:"undone" doc:"of those, the ones that were given back"`
}

// WaveOf returns a wave of a desk.
func WaveOf(desk string, w adoption.Wave) Wave {
	return Wave{w.ID, desk, w.At, w.By, w.Users, w.Undone}
}

// WaveDetail is a wave with its users.
type WaveDetail struct {
	Wave
	Adopted []Adopted   `json:"adopted"`
	LeftOut []WaveStep  `json:"left_out,omitempty" doc:"of a wave that was begun just now: who was not adopted, and why"`
	Back    []GivenBack `json:"given_back,omitempty" doc:"of a wave that was undone just now: what became of each"`
}

// Adopted is one user of a wave.
type Adopted struct {
	User       string     `json:"user" doc:"the desk's id"`
	Person     string     `json:"person" doc:"id"`
	Account    string     `json:"account"`
	Confidence string     `json:"confidence" enum:"exact,strong,weak"`
	UndoneAt   *time.Time `json:"undone_at,omitempty" doc:"when it was given back; absent: it was not"`
}

// GivenBack is what became of one user of a wave that is undone.
type GivenBack struct {
	User    string   `json:"user" doc:"the desk's id"`
	Person  string   `json:"person" doc:"id"`
	Changed []string `json:"changed" doc:"what was brought back to what it was"`
	Refused string   `json:"refused,omitempty" doc:"why the user is as it is"`
}

// WaveDetailOf returns a wave of a desk with its users, and of which of them it was tried
// just now to give them back.
func WaveDetailOf(desk string, w adoption.Wave, users []adoption.Adopted, back []adoption.GivenBack) WaveDetail {
	out := WaveDetail{Wave: WaveOf(desk, w), Adopted: []Adopted{}}
	for _, u := range users {
		out.Adopted = append(out.Adopted, Adopted{string(u.User), string(u.Identity), string(u.Account), string(u.Confidence), u.UndoneAt})
	}
	for _, b := range back {
		out.Back = append(out.Back, GivenBack{string(b.User), string(b.Identity), append([]string{}, b.Changed...), b.Refused})
	}
	return out
}
