package builtin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Names of settings ([provision.Desk].Settings). All may be left out.
const (
	SettingCompany    = "company"     // shown as the company's name; default: the desk's name
	SettingTimezone   = "timezone"    // the company's, IANA name; default Etc/UTC
	SettingOwnerEmail = "owner_email" // of the account owner, read when the desk is made; default owner@NAME.invalid
	SettingTeams      = "teams"       // names of teams to make, with commas between them; none is ever removed
	SettingMailboxes  = "mailboxes"   // names of mailboxes to make, likewise; their addresses end in @NAME.invalid
)

// settings is a desk's configuration, checked.
type settings struct {
	id         provision.DeskID
	name       string
	company    string
	timezone   string
	ownerEmail string
	seats      int
	teams      []string
	mailboxes  []string
}

// parseSettings returns all mistakes at once.
func parseSettings(d provision.Desk) (settings, error) {
	s := settings{id: d.ID, name: d.Name, company: d.Name, timezone: "Etc/UTC", ownerEmail: "owner@" + d.Name + ".invalid", seats: d.Seats}
	var mistakes []error
	for key, value := range d.Settings {
		switch key {
		case SettingCompany:
			s.company = clean(value)
		case SettingTimezone:
			s.timezone = value
		case SettingOwnerEmail:
			s.ownerEmail = value
		case SettingTeams:
			s.teams = splitNames(value)
		case SettingMailboxes:
			s.mailboxes = splitNames(value)
		default:
			mistakes = append(mistakes, provision.Errorf(provision.Invalid, "settings."+key,
				"unknown setting; a built-in desk has company, timezone, owner_email, teams and mailboxes"))
		}
	}
	if s.company == "" {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, "settings."+SettingCompany, "the company needs a name"))
	}
	if !kit.IsTimeZone(s.timezone) {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, "settings."+SettingTimezone, "not a time zone; use a name such as Europe/Prague"))
	}
	if !validEmail(s.ownerEmail) {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, "settings."+SettingOwnerEmail, "not an e-mail address"))
	}
	if d.Seats < 0 {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, "seats", "seats cannot be negative; 0 means no limit"))
	}
	return s, errors.Join(mistakes...)
}

// splitNames returns the names between commas.
func splitNames(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		if name = clean(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Open makes the desk with its owner and Deskbridge's service account, or
// brings company, time zone and seats of an existing one up to date, and adds
// the teams and mailboxes that are missing. The connector does it by itself
// before its first call.
func (d *Desks) Open(ctx context.Context, conf provision.Desk) error {
	s, err := parseSettings(conf)
	if err != nil {
		return err
	}
	return d.open(ctx, s)
}

// UnitsOf returns the teams and mailboxes that a desk has once it is open with
// conf: those that there are, and those that its settings name. It makes none.
func (d *Desks) UnitsOf(ctx context.Context, conf provision.Desk) (teams, mailboxes []string, _ error) {
	s, err := parseSettings(conf)
	if err != nil {
		return nil, nil, err
	}
	v := d.view(s.id)
	if teams, err = v.names(ctx, teamKind); err != nil {
		return nil, nil, err
	}
	if mailboxes, err = v.names(ctx, mailboxKind); err != nil {
		return nil, nil, err
	}
	return provision.Sorted(append(teams, s.teams...)), provision.Sorted(append(mailboxes, s.mailboxes...)), nil
}

func (d *Desks) open(ctx context.Context, s settings) error {
	_, err := exec(ctx, d.db, `
		INSERT INTO builtin_desks (id, company, timezone, seats, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET company = excluded.company, timezone = excluded.timezone, seats = excluded.seats`,
		s.id, s.company, s.timezone, s.seats, micros(d.now()))
	if err != nil {
		return err
	}
	return d.write(ctx, s.id, func(t *tx) error {
		if err := t.staff(ctx, s); err != nil {
			return err
		}
		for _, name := range s.teams {
			if _, err := t.addUnit(ctx, teamKind, name, ""); err != nil {
				return err
			}
		}
		for _, name := range s.mailboxes {
			if _, err := t.addUnit(ctx, mailboxKind, name, localPart(name)+"@"+s.name+".invalid"); err != nil {
				return err
			}
		}
		return nil
	})
}

// staff makes the owner and the service account of a new desk.
func (t *tx) staff(ctx context.Context, s settings) error {
	owners, err := one[int](ctx, t, `SELECT COUNT(*) FROM builtin_users WHERE desk = $1 AND role = $2`, t.desk, roleOwner)
	if err != nil || owners > 0 {
		return err
	}
	owner := user{Email: s.ownerEmail, FirstName: "Account", LastName: "Owner", Role: roleOwner, Active: true}
	if _, err := t.insertUser(ctx, owner); err != nil {
		return fmt.Errorf("make the owner: %w", err)
	}
	service := user{Email: "deskbridge@" + s.name + ".invalid", FirstName: "Deskbridge", LastName: "Bridge", Role: roleAdmin, Service: true, Active: true}
	if _, err := t.insertUser(ctx, service); err != nil {
		return fmt.Errorf("make the service account: %w", err)
	}
	return nil
}

// localPart returns a name as the part of an address before the @: "Tier 1"
// becomes tier-1.
func localPart(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return cmp.Or(strings.Join(words, "-"), "mailbox")
}

// company returns a desk's name and time zone.
func (v view) company(ctx context.Context) (name, timezone string, err error) {
	err = v.QueryRowContext(ctx, `SELECT company, timezone FROM builtin_desks WHERE id = $1`, v.desk).Scan(&name, &timezone)
	if err != nil {
		return "", "", fmt.Errorf("builtin: read desk: %w", err)
	}
	return name, timezone, nil
}

// clean returns text without what no name can hold: outer space, control
// characters, bytes that are not UTF-8.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	return strings.TrimSpace(text)
}

// validEmail accepts a bare address, without a name beside it.
func validEmail(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && a.Name == "" && clean(text) == text
}

// errPermanent is a refusal in the desk's words.
func errPermanent(field, format string, args ...any) error {
	e := desk.Errorf(desk.Permanent, format, args...)
	e.Field = field
	return e
}
