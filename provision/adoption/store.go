package adoption

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Store is what this package needs of a database. Look-ups of a single object
// return a NotFound [provision.Error] when there is none.
type Store interface {
	entitlement.Store
	audit.Appender

	Connections(ctx context.Context) ([]provision.Connection, error) // by name
	Account(ctx context.Context, id provision.AccountID) (provision.Account, error)
	AccountOfUser(ctx context.Context, d provision.DeskID, user provision.DeskUserID) (provision.Account, error)
	AccountsWhere(ctx context.Context, f provision.AccountFilter, limit int) ([]provision.Account, error) // by id
	DeleteAccounts(ctx context.Context, ids []provision.AccountID) error
	TakeNames(ctx context.Context, a provision.Account, names []string) error

	// SaveListed keeps users of a list of a desk that was begun at a moment.
	SaveListed(ctx context.Context, d provision.DeskID, at time.Time, users []provision.DeskUser) error
	// CompleteList makes the list that was begun at r.ListedAt the one that counts,
	// and deletes older ones; where a later one counts already it does nothing.
	CompleteList(ctx context.Context, r Roster) error
	Roster(ctx context.Context, d provision.DeskID) (Roster, error)
	// ListedUsers returns users of the list of a desk that counts, by id.
	ListedUsers(ctx context.Context, q ListedQuery) ([]provision.DeskUser, error)
	// ListedLike returns the users of that list with one of these addresses, folded,
	// or external ids, whom no account holds.
	ListedLike(ctx context.Context, r Roster, addresses, externalIDs []string) ([]provision.DeskUser, error)
	// PeopleLike returns the people of any connection who are not removed and of
	// whom one of keys may be, by id. Its cost follows keys and what is found.
	PeopleLike(ctx context.Context, d provision.DeskID, keys Keys) ([]provision.Identity, error)

	InsertWave(ctx context.Context, w Wave) error
	Wave(ctx context.Context, id string) (Wave, error)
	Waves(ctx context.Context, d provision.DeskID, limit int) ([]Wave, error) // of all desks with d ""; the newest first
	InsertAdopted(ctx context.Context, a Adopted) error
	SaveAdopted(ctx context.Context, a Adopted) error
	AdoptedIn(ctx context.Context, wave string) ([]Adopted, error) // by desk user
}

// ListedQuery selects users of a list.
type ListedQuery struct {
	Roster Roster
	After  provision.DeskUserID   // with a greater id; "": from the start
	Users  []provision.DeskUserID // only these; nil: all
	Limit  int
}

// Keys are what desk users are called, each as it is compared.
type Keys struct {
	Names        []string // folded addresses and login names
	DisplayNames []string // folded
	ExternalIDs  []string
}
