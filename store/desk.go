package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
)

const deskTable = "desks"

type deskRow struct {
	ID          string `gorm:"primaryKey"`
	Name        string
	Kind        string
	URL         string
	Secret      string
	Settings    string
	OnLeave     string
	HandOver    string
	Seats       int64
	Adoption    string
	SignIn      string
	Drift       string
	Rate        float64
	Removal     string
	Approve     string
	SeatPrice   string
	Idle        string
	AdoptIgnore string
	Profile     string
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
}

func (deskRow) TableName() string { return deskTable }

func (k *keyring) newDeskRow(d provision.Desk) (deskRow, error) {
	secret, err1 := k.seal(d.Secret, deskTable, string(d.ID))
	settings, err2 := toJSON(d.Settings)
	handOver, err3 := toJSON(d.HandOver)
	signIn, err4 := k.sealDeskSignIn(d)
	approve, err5 := toJSON(d.Approve)
	price, err6 := toJSON(d.Price)
	idle, err7 := toJSON(d.Idle)
	profile, err8 := toJSON(d.Profile.Canonical())
	return deskRow{
		ID:          string(d.ID),
		Name:        d.Name,
		Kind:        string(d.Kind),
		URL:         d.URL,
		Secret:      secret,
		Settings:    settings,
		OnLeave:     string(d.OnLeave),
		HandOver:    handOver,
		Seats:       int64(d.Seats),
		Adoption:    string(d.Adoption),
		SignIn:      signIn,
		Drift:       string(d.Drift),
		Rate:        d.Rate,
		Removal:     string(d.Removal),
		Approve:     approve,
		SeatPrice:   price,
		Idle:        idle,
		AdoptIgnore: toList(d.AdoptIgnore),
		Profile:     profile,
		CreatedAt:   fromTime(d.CreatedAt),
	}, errors.Join(err1, err2, err3, err4, err5, err6, err7, err8)
}

// deskSignInField tells what is sealed in a desk's row beside its secret: the
// one cannot be put in the place of the other.
const deskSignInField = deskTable + ".sign_in"

func (k *keyring) sealDeskSignIn(d provision.Desk) (string, error) {
	if d.SignIn.Empty() {
		return "", nil
	}
	text, err := toJSON(d.SignIn)
	if err != nil {
		return "", err
	}
	return k.seal(text, deskSignInField, string(d.ID))
}

func (k *keyring) openDeskSignIn(row deskRow) (s protocol.DeskSignIn, _ error) {
	text, err := k.open(row.SignIn, deskSignInField, row.ID)
	if err != nil || text == "" {
		return s, err
	}
	return s, json.Unmarshal([]byte(text), &s)
}

func (k *keyring) desk(row deskRow) (provision.Desk, error) {
	d := provision.Desk{
		ID:        provision.DeskID(row.ID),
		Name:      row.Name,
		Kind:      provision.DeskKind(row.Kind),
		URL:       row.URL,
		OnLeave:   provision.OnLeave(row.OnLeave),
		Seats:     int(row.Seats),
		Adoption:  provision.Adoption(row.Adoption),
		Drift:     provision.DriftPolicy(row.Drift),
		Rate:      row.Rate,
		Removal:   provision.Removal(row.Removal),
		CreatedAt: toTime(row.CreatedAt),
	}
	var err error
	if d.Secret, err = k.open(row.Secret, deskTable, row.ID); err != nil {
		return d, err
	}
	if d.SignIn, err = k.openDeskSignIn(row); err != nil {
		return d, fmt.Errorf("store: desk %s: sign-in: %w", row.ID, err)
	}
	if err := errors.Join(json.Unmarshal([]byte(row.Settings), &d.Settings), json.Unmarshal([]byte(row.HandOver), &d.HandOver), json.Unmarshal([]byte(row.Approve), &d.Approve),
		json.Unmarshal([]byte(row.SeatPrice), &d.Price), json.Unmarshal([]byte(row.Idle), &d.Idle), json.Unmarshal([]byte(row.AdoptIgnore), &d.AdoptIgnore), json.Unmarshal([]byte(row.Profile), &d.Profile)); err != nil {
		return d, fmt.Errorf("store: desk %s: %w", row.ID, err)
	}
	if len(d.AdoptIgnore) == 0 {
		d.AdoptIgnore = nil
	}
	return d, nil
}

// Desk returns the desk with this id, else with this name.
func (s *Store) Desk(ctx context.Context, nameOrID string) (provision.Desk, error) {
	return s.takeDesk(byNameOrID(s.read(ctx), nameOrID))
}

// LockDesk implements [reconcile.Store].
func (s *Store) LockDesk(ctx context.Context, id provision.DeskID) (provision.Desk, error) {
	d, err := s.takeDesk(locked(s.write(ctx)).Where("id = ?", string(id)))
	if err == nil {
		s.order.note(rankDesk, string(id))
	}
	return d, err
}

func (s *Store) takeDesk(db *gorm.DB) (provision.Desk, error) {
	var row deskRow
	if err := db.Take(&row).Error; err != nil {
		return provision.Desk{}, translateRead(err, "desk")
	}
	return s.keys.desk(row)
}

// Desks implements [settings.Store].
func (s *Store) Desks(ctx context.Context) ([]provision.Desk, error) {
	var rows []deskRow
	if err := s.read(ctx).Order("name").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, s.keys.desk)
}

// SaveDesk implements [settings.Store].
func (s *Store) SaveDesk(ctx context.Context, d provision.Desk) error {
	row, err := s.keys.newDeskRow(d)
	if err != nil {
		return err
	}
	return translate(upsert(s.write(ctx)).Create(&row).Error, "desk")
}
