package reconcile

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/evidence"
)

// Retry has accounts that need attention reconciled again: all those of filter, or the one
// with this id. adopt, which takes an id, says that a person agrees to take over the user that the desk already has; where a
// run doubted who that is, an id without it says that it is not the account's. It returns how many. An account on hold
// is Invalid: an admin has to decide about it, see [Service.Release].
func (s *Service) Retry(ctx context.Context, c provision.Cause, filter provision.AccountFilter, id provision.AccountID, adopt bool) (n int, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		var accounts []provision.Account
		if id != "" {
			a, err := tx.LockAccount(ctx, id)
			if err != nil {
				return err
			}
			if a.State == provision.AccountOnHold {
				return s.notByRetry(ctx, tx, a)
			}
			unknown := a.Origin == provision.OriginNone
			if evidence.Answer(&a, adopt) || adopt && unknown {
				if adopt {
					a.Origin = provision.OriginAdopted
					e := s.accountEntry(a, audit.AccountAdoptionAgreed, nil)
					e.Cause = c
					if err := s.audit.Record(ctx, tx, e); err != nil {
						return err
					}
				}
				if err := tx.SaveAccounts(ctx, []provision.Account{a}); err != nil {
					return err
				}
			}
			accounts = []provision.Account{a}
		} else {
			filter.State = provision.AccountNeedsAttention
			var err error
			if accounts, err = tx.AccountsWhere(ctx, filter, 0); err != nil {
				return err
			}
		}
		n = len(accounts)
		for _, a := range accounts {
			e := s.accountEntry(a, audit.AccountRetried, nil)
			e.Cause = c
			if err := s.audit.Record(ctx, tx, e); err != nil {
				return err
			}
		}
		return s.entitlement.Requeue(ctx, tx, accounts)
	})
	return n, err
}

// notByRetry says what to do about an account that is on hold.
func (s *Service) notByRetry(ctx context.Context, tx Store, a provision.Account) error {
	conn, err := tx.Connection(ctx, string(a.Connection))
	if err != nil {
		return err
	}
	who := string(a.Identity)
	if people, err := tx.FindPeople(ctx, who); err == nil && len(people) == 1 && people[0].UserName != "" {
		who = people[0].UserName
	}
	why := "on hold by mass-change protection"
	if a.ReasonCode == provision.ReasonRejected {
		why = "kept as it is, as an admin decided"
	}
	return provision.Errorf(provision.Invalid, "account", "this account is %s, and another sync changes nothing; `deskbridge connection release %s --person %s` ends the access, `deskbridge connection reject %s --person %s` keeps it",
		why, conn.Name, who, conn.Name, who)
}
