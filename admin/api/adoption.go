package api

import (
	"context"
	"net/http"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
)

// Selection says which users a wave adopts.
type Selection struct {
	Confidence string      `json:"confidence,omitempty" enum:"exact,strong" doc:"those of whom it is at least so sure; absent: only the named ones"`
	Limit      int         `json:"limit,omitempty" minimum:"1" maximum:"500" default:"20" doc:"how many of those at most"`
	Users      []NamedUser `json:"users,omitempty" maxItems:"500" doc:"who is meant whatever the confidence"`
}

// NamedUser is a desk user that is meant, and who it is.
type NamedUser struct {
	User   string `json:"user" minLength:"1" maxLength:"1000" doc:"the desk's id"`
	Person string `json:"person,omitempty" maxLength:"64" doc:"id; absent: the first match"`
}

// NewWave is a wave that was planned, and is to begin.
type NewWave struct {
	Selection
	Hash string `json:"hash" minLength:"64" maxLength:"64" doc:"of the plan"`
}

// waveName is the place of a wave in an address.
type waveName struct {
	DeskName
	Wave string `path:"wave" maxLength:"64" doc:"id"`
}

// mostWaves is how many waves are listed.
const mostWaves = 1000

func adoptionRoutes(a *API) {
	handle(a, route{"list-desk-users", http.MethodGet, "/desks/{desk}/users", admin.AccountsRead, "Adoption", "Users of a desk whom no account holds, as the desk was last listed, and who they may be", 0},
		func(ctx context.Context, _ asked, in *struct {
			DeskName
			Show string `query:"show" enum:"all,matched,unmatched,exact,strong,weak,conflict" doc:"absent: all that are not left alone; all: those, too"`
			Paging
		}) (*struct{ Body answer.Roster }, error) {
			d, err := a.core.Settings.Desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			r, err := a.core.Adoption.Roster(ctx, d)
			if err != nil {
				return nil, err
			}
			var after provision.DeskUserID
			if err := a.at(in.Cursor, &after); err != nil {
				return nil, err
			}
			found, next, err := a.core.Adoption.Candidates(ctx, d, r, shows[in.Show], after, in.Limit)
			if err != nil {
				return nil, err
			}
			out := answer.RosterOf(r, found)
			out.Next, err = a.cursor(next, next != "")
			return &struct{ Body answer.Roster }{out}, err
		})
	handle(a, route{"ignore-desk-user", http.MethodPost, "/desks/{desk}/users/ignore", admin.DeskChange, "Adoption", "Say that users of a desk are nobody, or look at them again", 0},
		func(ctx context.Context, who asked, in *struct {
			DeskName
			Body struct {
				Pattern string `json:"pattern" minLength:"1" maxLength:"1000" doc:"an address, in which * stands for any text, or id: and the desk's id of a user"`
				Again   bool   `json:"again,omitempty" doc:"look at them again"`
			}
		}) (*struct{ Body Done }, error) {
			d, err := a.core.Settings.Ignore(ctx, who.cause, in.Desk, in.Body.Pattern, !in.Body.Again)
			return done(len(d.AdoptIgnore)), err
		})
	handle(a, route{"plan-wave", http.MethodPost, "/desks/{desk}/waves/plan", admin.AccountAdopt, "Adoption", "Whom a wave would adopt, and what would change for each; each is read from the desk", 0},
		func(ctx context.Context, _ asked, in *struct {
			DeskName
			Body Selection
		}) (*struct{ Body answer.WavePlan }, error) {
			d, steps, err := waveSteps(ctx, a, in.Desk, in.Body)
			return &struct{ Body answer.WavePlan }{answer.WavePlanOf(d, steps)}, err
		})
	handle(a, route{"begin-wave", http.MethodPost, "/desks/{desk}/waves", admin.AccountAdopt, "Adoption", "Begin exactly the wave that was planned", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct {
			DeskName
			Body NewWave
		}) (*struct{ Body answer.WaveDetail }, error) {
			d, steps, err := waveSteps(ctx, a, in.Desk, in.Body.Selection)
			if err != nil {
				return nil, err
			}
			if hash, n := adoption.HashOf(steps); hash != in.Body.Hash || n == 0 {
				return nil, provision.Errorf(provision.Stale, "hash", "a wave would adopt others by now, or change something else, or nobody; plan it again")
			}
			w, err := a.core.Adoption.Accept(ctx, who.cause, d, steps)
			if err != nil {
				return nil, err
			}
			out, err := waveOf(ctx, a, d, w.ID, nil)
			for _, s := range answer.WavePlanOf(d, steps).Steps {
				if err == nil && s.Refused != "" {
					out.Body.LeftOut = append(out.Body.LeftOut, s)
				}
			}
			return out, err
		})
	handle(a, route{"list-waves", http.MethodGet, "/desks/{desk}/waves", admin.AccountsRead, "Adoption", "The last 1,000 waves of a desk, the newest first", 0},
		func(ctx context.Context, _ asked, in *DeskName) (*paged[answer.Wave], error) {
			d, err := a.core.Settings.Desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			waves, err := a.core.Adoption.Waves(ctx, d.ID, mostWaves)
			return all(waves, func(w adoption.Wave) answer.Wave { return answer.WaveOf(d.Name, w) }), err
		})
	handle(a, route{"get-wave", http.MethodGet, "/desks/{desk}/waves/{wave}", admin.AccountsRead, "Adoption", "A wave, and its users", 0},
		func(ctx context.Context, _ asked, in *waveName) (*struct{ Body answer.WaveDetail }, error) {
			d, err := a.core.Settings.Desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			return waveOf(ctx, a, d, in.Wave, nil)
		})
	handle(a, route{"undo-wave", http.MethodPost, "/desks/{desk}/waves/{wave}/undo", admin.AccountAdopt, "Adoption", "Give the users of a wave back as they were before it; again, to go on where that was interrupted", 0},
		func(ctx context.Context, who asked, in *waveName) (*struct{ Body answer.WaveDetail }, error) {
			d, err := a.core.Settings.Desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			if _, err := waveOf(ctx, a, d, in.Wave, nil); err != nil { // one of another desk
				return nil, err
			}
			on, err := a.options.ReachDesk(ctx, d)
			if err != nil {
				return nil, err
			}
			_, back, err := a.core.Adoption.Undo(ctx, who.cause, in.Wave, on)
			if err != nil {
				return nil, err
			}
			return waveOf(ctx, a, d, in.Wave, back)
		})
}

// shows are the choices of which users are listed.
var shows = map[string]adoption.Which{"": {}, "all": {All: true}, "matched": {Matched: true}, "unmatched": {Unmatched: true}, "conflict": {Matched: true, Conflicts: true},
	"exact": {Matched: true, Confidence: adoption.Exact}, "strong": {Matched: true, Confidence: adoption.Strong}, "weak": {Matched: true, Confidence: adoption.Weak}}

// waveSteps asks a desk about whom sel means.
func waveSteps(ctx context.Context, a *API, desk string, sel Selection) (d provision.Desk, steps []adoption.Step, _ error) {
	d, err := a.core.Settings.Desk(ctx, desk)
	if err != nil {
		return d, nil, err
	}
	on, err := a.options.ReachDesk(ctx, d)
	if err != nil {
		return d, nil, err
	}
	want := adoption.Selection{Confidence: adoption.Confidence(sel.Confidence), Limit: sel.Limit, Named: make(map[provision.DeskUserID]provision.IdentityID)}
	for _, u := range sel.Users {
		want.Named[provision.DeskUserID(u.User)] = provision.IdentityID(u.Person)
	}
	steps, err = a.core.Adoption.Plan(ctx, d, want, on)
	return d, steps, err
}

// waveOf returns a wave, which is one of d.
func waveOf(ctx context.Context, a *API, d provision.Desk, id string, back []adoption.GivenBack) (*struct{ Body answer.WaveDetail }, error) {
	w, users, err := a.core.Adoption.Wave(ctx, id)
	if err == nil && w.Desk != d.ID {
		err = provision.Errorf(provision.NotFound, "wave", "there is no such wave")
	}
	return &struct{ Body answer.WaveDetail }{answer.WaveDetailOf(d.Name, w, users, back)}, err
}
