package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/leave"
)

type accountRow struct {
	ID           string `gorm:"primaryKey"`
	IdentityID   string
	ConnectionID string
	DeskID       string
	DeskUser     string
	Origin       string
	Evidence     *string
	Desired      string `gorm:"column:wanted" db:"wanted"`
	Profile      string
	UserName     string
	Manager      string
	Revision     int64
	Reconciled   int64  `gorm:"column:visited" db:"visited"`
	Confirmed    string `gorm:"column:granted" db:"granted"`
	ConfirmedAt  *int64 `gorm:"column:granted_at" db:"granted_at"`
	Shown        string
	ShownAt      *int64
	DeskEmail    string
	DeskUserName string
	State        string
	Reason       string
	ReasonCode   string
	Seat         bool
	EndingSince  *int64
	HasAccess    bool // for counting; see [provision.Account.HasAccess]
	LossSince    *int64
	LossPerson   string
	LossCause    string
	LossVerdict  string
	LossBy       string
	Transfer     string
	Approval     *string
	ApprovalDue  *int64
	Leaving      *string
	LeaveDue     *int64
	Attempts     int64
	RetryAt      *int64
	LeaseUntil   *int64
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	UpdatedAt    int64 `gorm:"autoUpdateTime:false"`
}

func (accountRow) TableName() string { return "accounts" }

func newAccountRow(a provision.Account) (accountRow, error) {
	desired, err1 := toJSON(a.Desired)
	profile, err2 := toJSON(a.Profile)
	confirmed, err3 := toJSON(a.Confirmed)
	transfer, err4 := toJSON(a.Transfer)
	shown, err5 := toJSON(a.Shown)
	var approval *string
	if a.Approval.AskedAt != nil {
		text, err := toJSON(a.Approval)
		if err != nil {
			return accountRow{}, err
		}
		approval = &text
	}
	var evidence *string
	if a.Evidence != (provision.Evidence{}) {
		text, err := toJSON(a.Evidence)
		if err != nil {
			return accountRow{}, err
		}
		evidence = &text
	}
	var leaving *string
	if a.Leaving != (leave.Course{}) {
		text, err := toJSON(a.Leaving)
		if err != nil {
			return accountRow{}, err
		}
		leaving = &text
	}
	return accountRow{
		ID:           string(a.ID),
		IdentityID:   string(a.Identity),
		ConnectionID: string(a.Connection),
		DeskID:       string(a.Desk),
		DeskUser:     string(a.DeskUser),
		Origin:       string(a.Origin),
		Evidence:     evidence,
		Desired:      desired,
		Profile:      profile,
		UserName:     a.UserName,
		Manager:      a.Manager,
		Revision:     a.Revision,
		Reconciled:   a.Reconciled,
		Confirmed:    confirmed,
		ConfirmedAt:  fromTimePtr(a.ConfirmedAt),
		Shown:        shown,
		ShownAt:      fromTimePtr(a.ShownAt),
		DeskEmail:    a.Names.Email,
		DeskUserName: a.Names.UserName,
		State:        string(a.State),
		Reason:       a.Reason,
		ReasonCode:   string(a.ReasonCode),
		Seat:         a.Seat,
		EndingSince:  fromTimePtr(a.EndingSince),
		HasAccess:    a.HasAccess(),
		LossSince:    fromTimePtr(a.Loss.Since),
		LossPerson:   string(a.Loss.Person),
		LossCause:    a.Loss.Cause,
		LossVerdict:  string(a.Loss.Verdict),
		LossBy:       a.Loss.By,
		Transfer:     transfer,
		Approval:     approval,
		ApprovalDue:  fromTimePtr(a.Approval.Due),
		Leaving:      leaving,
		LeaveDue:     fromTimePtr(a.Leaving.Due),
		Attempts:     int64(a.Attempts),
		RetryAt:      fromTimePtr(a.RetryAt),
		LeaseUntil:   fromTimePtr(a.LeaseUntil),
		CreatedAt:    fromTime(a.CreatedAt),
		UpdatedAt:    fromTime(a.UpdatedAt),
	}, errors.Join(err1, err2, err3, err4, err5)
}

func (row accountRow) account() (provision.Account, error) {
	a := provision.Account{
		ID:          provision.AccountID(row.ID),
		Identity:    provision.IdentityID(row.IdentityID),
		Connection:  provision.ConnectionID(row.ConnectionID),
		Desk:        provision.DeskID(row.DeskID),
		DeskUser:    provision.DeskUserID(row.DeskUser),
		Origin:      provision.Origin(row.Origin),
		UserName:    row.UserName,
		Manager:     row.Manager,
		Revision:    row.Revision,
		Reconciled:  row.Reconciled,
		ConfirmedAt: toTimePtr(row.ConfirmedAt),
		ShownAt:     toTimePtr(row.ShownAt),
		Names:       provision.DeskNames{Email: row.DeskEmail, UserName: row.DeskUserName},
		State:       provision.AccountState(row.State),
		Reason:      row.Reason,
		ReasonCode:  provision.ReasonCode(row.ReasonCode),
		Seat:        row.Seat,
		EndingSince: toTimePtr(row.EndingSince),
		Loss: provision.Loss{Since: toTimePtr(row.LossSince), Person: provision.Status(row.LossPerson), Cause: row.LossCause,
			Verdict: provision.Verdict(row.LossVerdict), By: row.LossBy},
		Attempts:   int(row.Attempts),
		RetryAt:    toTimePtr(row.RetryAt),
		LeaseUntil: toTimePtr(row.LeaseUntil),
		CreatedAt:  toTime(row.CreatedAt),
		UpdatedAt:  toTime(row.UpdatedAt),
	}
	err := errors.Join(
		json.Unmarshal([]byte(row.Desired), &a.Desired),
		json.Unmarshal([]byte(row.Profile), &a.Profile),
		json.Unmarshal([]byte(row.Confirmed), &a.Confirmed),
		json.Unmarshal([]byte(row.Transfer), &a.Transfer),
		json.Unmarshal([]byte(row.Shown), &a.Shown),
	)
	if row.Approval != nil {
		err = errors.Join(err, json.Unmarshal([]byte(*row.Approval), &a.Approval))
	}
	if row.Evidence != nil {
		err = errors.Join(err, json.Unmarshal([]byte(*row.Evidence), &a.Evidence))
	}
	if row.Leaving != nil {
		err = errors.Join(err, json.Unmarshal([]byte(*row.Leaving), &a.Leaving))
	}
	if err != nil {
		return a, fmt.Errorf("store: account %s: %w", row.ID, err)
	}
	return a, nil
}
