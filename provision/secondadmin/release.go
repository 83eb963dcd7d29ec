package secondadmin

import (
	"context"
	"fmt"

	"github.com/deskbridge/deskbridge/provision"
)

// Release decides in a transaction, which has locked conn, whether access of accounts ends
// that mass-change protection may hold; people are those who were named, none: all. It
// returns what may be released, or as [Service.Confirm] does.
func (s *Service) Release(ctx context.Context, tx Store, c provision.Cause, conn provision.Connection, people []provision.IdentityID, accounts func() ([]provision.Account, error)) (agreed Losses, _ error) {
	needed, err := s.Needed(ctx, tx, c)
	if err != nil || !needed {
		return nil, err
	}
	list, err := accounts()
	agreed = make(Losses, len(list))
	if err != nil || len(list) == 0 {
		return agreed, err
	}
	w := Wanted{Kind: KindRelease, Of: []string{string(conn.ID)}, Subject: string(conn.ID), People: people, Accounts: len(list),
		What: fmt.Sprintf("release %s of connection %s", count(len(list), "account", "accounts"), conn.Name)}
	for _, p := range people {
		w.Of = append(w.Of, "person "+string(p))
	}
	for i := range list {
		loss := lossOf(&list[i])
		agreed[loss], w.Set = true, append(w.Set, loss)
	}
	return agreed, s.Confirm(ctx, tx, c, w)
}

// Apply is that a plan is applied by which people lose access, more than mass-change
// protection lets; desks are those that it is about: another plan for the same voids what was
// asked for before. expected says that the protection does not hold them.
func (s *Service) Apply(ctx context.Context, tx Store, c provision.Cause, hash string, desks []string, people int, expected bool) error {
	w := Wanted{Kind: KindApply, Of: desks, Subject: hash, Accounts: people, Set: []string{hash},
		What: fmt.Sprintf("apply the plan %s, by which %s lose access", hash[:min(12, len(hash))], count(people, "person", "people"))}
	if expected {
		w.Set, w.What = append(w.Set, atOnce), w.What+" at once"
	}
	return s.Confirm(ctx, tx, c, w)
}

// Remove is that something is removed, what says in words what, by which accounts lose
// access.
func (s *Service) Remove(ctx context.Context, tx Store, c provision.Cause, kind Kind, id, what string, accounts int, set []string) error {
	return s.Confirm(ctx, tx, c, Wanted{Kind: kind, Of: []string{id}, Subject: id, Accounts: accounts, Set: set,
		What: fmt.Sprintf("%s, by which %s lose access", what, count(accounts, "account", "accounts"))})
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
