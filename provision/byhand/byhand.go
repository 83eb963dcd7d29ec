package byhand

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/leave"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store
	audit.Appender

	AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) // by id; limit 0: all
	LockDesk(ctx context.Context, id provision.DeskID) (provision.Desk, error)
	// Word returns what was said of an account; WordOf of the user of a desk who has
	// an address.
	Word(ctx context.Context, id provision.AccountID) (provision.Word, error)
	WordOf(ctx context.Context, d provision.DeskID, email string) (provision.Word, error)
	// SaveWord replaces what was said of an account; AskWord notes that something is
	// asked for, unless something is already, and keeps what was said.
	SaveWord(ctx context.Context, w provision.Word) error
	AskWord(ctx context.Context, w provision.Word) error
}

// Service keeps words. It is safe for concurrent use.
type Service struct {
	store       Store
	inTx        provision.InTx[Store]
	audit       *audit.Service
	entitlement *entitlement.Service
	now         provision.Clock
}

// New returns a Service on store.
func New(store Store, inTx provision.InTx[Store], log *audit.Service, entitlements *entitlement.Service, now provision.Clock) *Service {
	return &Service{store: store, inTx: inTx, audit: log, entitlement: entitlements, now: now}
}

// Task is what an admin has to do by hand for one account. It is another task, with
// another id, when something else is desired.
type Task struct {
	ID      string
	Account provision.Account  // its Reason says what to do
	Person  provision.Identity // whose it is
}

// short is how much of an account's id a task's id holds.
const short = 8

// taskOf returns the task of an account.
func taskOf(a provision.Account) Task {
	return Task{ID: fmt.Sprintf("%s-%d", a.ID[max(0, len(a.ID)-short):], a.Revision), Account: a}
}

// open reports whether something is to be done by hand for an account.
func open(a *provision.Account) bool {
	return a.State == provision.AccountNeedsAttention && (a.ReasonCode == provision.ReasonByHand || a.ReasonCode == provision.ReasonResidual)
}

// Tasks returns what is to be done by hand on a desk, or with "" on all: for leavers
// first, for those who have left first of all, then for the others.
func (s *Service) Tasks(ctx context.Context, d provision.DeskID) ([]Task, error) {
	var tasks []Task
	for _, code := range []provision.ReasonCode{provision.ReasonByHand, provision.ReasonResidual} {
		accounts, err := s.store.AccountsWhere(ctx, provision.AccountFilter{Desk: d, State: provision.AccountNeedsAttention, ReasonCode: code}, 0)
		if err != nil {
			return nil, err
		}
		for _, a := range accounts {
			t := taskOf(a)
			if t.Person, err = s.store.AnyIdentity(ctx, a.Identity); err != nil && !provision.IsNotFound(err) {
				return nil, err
			}
			tasks = append(tasks, t)
		}
	}
	slices.SortFunc(tasks, func(a, b Task) int {
		x, y := a.Account.EndingSince, b.Account.EndingSince
		switch {
		case x != nil && y != nil:
			return cmp.Or(x.Compare(*y), strings.Compare(string(a.Account.ID), string(b.Account.ID)))
		case x != nil:
			return -1
		case y != nil:
			return 1
		}
		return strings.Compare(string(a.Account.ID), string(b.Account.ID))
	})
	return tasks, nil
}

// Done notes an admin's word that a task is done: all that it asks for, and, of a
// leaver, that nothing is theirs any more. by is the admin's name; "" is the actor of c.
// The account is reconciled again: what its desk shows is looked at, and counts for
// more. A task that is another one by now is Stale.
func (s *Service) Done(ctx context.Context, c provision.Cause, id, by string) (provision.Account, error) {
	part, revision, ok := cutTask(id)
	if !ok {
		return provision.Account{}, provision.Errorf(provision.Invalid, "task", "%q is no id of a task; `deskbridge task list` shows them", provision.Clip(id))
	}
	tasks, err := s.Tasks(ctx, "")
	if err != nil {
		return provision.Account{}, err
	}
	i := slices.IndexFunc(tasks, func(t Task) bool { return strings.HasSuffix(string(t.Account.ID), part) })
	if i < 0 {
		return provision.Account{}, provision.Errorf(provision.NotFound, "task", "there is no task %q any more; `deskbridge task list` shows what is to be done", provision.Clip(id))
	}
	var a provision.Account
	err = s.inTx(ctx, func(tx Store) error {
		if a, err = tx.LockAccount(ctx, tasks[i].Account.ID); err != nil {
			return err
		}
		if a.Revision != revision || !open(&a) {
			return provision.Errorf(provision.Stale, "task", "what is to be done has changed since; `deskbridge task list` shows it: look at it again before you say that it is done")
		}
		return s.note(ctx, tx, c, &a, cmp.Or(by, c.Actor))
	})
	return a, err
}

// cutTask reads the id of a task.
func cutTask(id string) (part string, revision int64, ok bool) {
	at := strings.LastIndexByte(id, '-')
	if at < short {
		return "", 0, false
	}
	revision, err := strconv.ParseInt(id[at+1:], 10, 64)
	return id[:at], revision, err == nil
}

// note keeps the word, enters it, and has the account reconciled.
func (s *Service) note(ctx context.Context, tx Store, c provision.Cause, a *provision.Account, by string) error {
	d, err := tx.Desk(ctx, string(a.Desk))
	if err != nil {
		return err
	}
	before, err := tx.Word(ctx, a.ID)
	if err != nil && !provision.IsNotFound(err) {
		return err
	}
	now := s.now()
	word := provision.Word{Account: a.ID, Desk: a.Desk, By: by, At: now}
	if a.Desired.Status == provision.AccessActive {
		word.Shown = desired(a)
	} else {
		word.EndedAt, word.Shown = &now, ended(before.Shown, a.Leaving.Way(d.OnLeave))
	}
	if err := tx.SaveWord(ctx, word); err != nil {
		return err
	}
	e := s.audit.Entry(c, a.Connection, audit.AccountDoneByHand, string(a.Identity))
	e.Desk, e.Account = a.Desk, a.ID
	e.Detail = map[string]any{"said_by": by, "status": a.Desired.Status, "role": a.Desired.Role, "teams": a.Desired.Teams, "mailboxes": a.Desired.Mailboxes}
	if err := s.audit.Record(ctx, tx, e); err != nil {
		return err
	}
	return s.entitlement.Requeue(ctx, tx, []provision.Account{*a})
}

// desired is the user that a desk has when all is done that an account wants.
func desired(a *provision.Account) *provision.DeskUser {
	p := a.Profile
	return &provision.DeskUser{
		ID: provision.DeskUserID(a.ID), ExternalID: string(a.ID), Email: p.Email, DisplayName: p.DisplayName, GivenName: p.GivenName, FamilyName: p.FamilyName,
		Title: p.Title, Phone: p.Phone, Timezone: p.Timezone, Active: true, Role: a.Desired.Role, Teams: provision.Sorted(a.Desired.Teams), Mailboxes: provision.Sorted(a.Desired.Mailboxes),
	}
}

// ended is the user that is left when access has ended; nil where there was none.
func ended(before *provision.DeskUser, way leave.Way) *provision.DeskUser {
	if before == nil {
		return nil
	}
	left := *before
	left.Teams, left.Mailboxes = nil, nil
	switch {
	case way.Downgrade:
		if left.Role = provision.RoleNone; way.Role != "" {
			left.Role = provision.Role(way.Role)
		}
	case left.Role == provision.RoleAdmin:
		left.Role = provision.RoleAgent
	}
	left.Active = way.StaysUsable()
	return &left
}

// HandedOver reports whether an admin has said that a leaver's conversations are
// with others, since their access was to end.
func (s *Service) HandedOver(ctx context.Context, a *provision.Account) (bool, error) {
	if a.EndingSince == nil {
		return false, nil
	}
	w, err := s.store.Word(ctx, a.ID)
	if err != nil {
		return false, ignoreNotFound(err)
	}
	return w.EndedAt != nil && !w.EndedAt.Before(*a.EndingSince), nil
}

// Word returns what was said of an account, or with "" of the user of a desk who has
// an address; the zero Word where nothing was said and nothing asked for.
func (s *Service) Word(ctx context.Context, d provision.DeskID, account provision.AccountID, email string) (w provision.Word, err error) {
	if account != "" {
		w, err = s.store.Word(ctx, account)
	} else {
		w, err = s.store.WordOf(ctx, d, email)
	}
	if err != nil || w.Desk != d {
		return provision.Word{}, ignoreNotFound(err)
	}
	return w, nil
}

// Ask notes that something is asked for of an account, which somebody may do: until
// the next word nobody knows what the desk has.
func (s *Service) Ask(ctx context.Context, d provision.DeskID, account provision.AccountID) error {
	now := s.now()
	return s.store.AskWord(ctx, provision.Word{Account: account, Desk: d, At: now, AskedAt: &now})
}

// Now returns what time it is by the clock that words are dated by.
func (s *Service) Now() time.Time { return s.now() }

func ignoreNotFound(err error) error {
	if provision.IsNotFound(err) {
		return nil
	}
	return err
}
