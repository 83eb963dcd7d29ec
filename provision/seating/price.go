package seating

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// Per is the time that a price is for.
type Per string

// The times.
const (
	PerMonth Per = "month" // default
	PerYear  Per = "year"
)

// Price is what a seat of a desk costs. The zero value is one that is not known.
type Price struct {
	Amount   string `json:"amount,omitempty"`   // decimal, as "45.00"; "": not known
	Limited  string `json:"limited,omitempty"`  // the same of a seat with role limited; "": as any other
	Currency string `json:"currency,omitempty"` // ISO 4217: EUR
	Per      Per    `json:"per,omitempty"`
}

var (
	amountForm   = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,4})?$`)
	currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)
)

// Known reports whether there is a price.
func (p Price) Known() bool { return p.Amount != "" }

// Same reports whether p and other are one price.
func (p Price) Same(other Price) bool {
	return p.Amount == other.Amount && p.Limited == other.Limited && p.Currency == other.Currency && cmp.Or(p.Per, PerMonth) == cmp.Or(other.Per, PerMonth)
}

// Validate returns what is wrong with p, a mistake each.
func (p Price) Validate() (mistakes []error) {
	none := Price{}
	switch {
	case p == none:
		return nil
	case !amountForm.MatchString(p.Amount):
		mistakes = append(mistakes, errors.New(`amount is a decimal number of up to nine digits, with up to four behind the point, as "45.00"`))
	}
	if p.Limited != "" && !amountForm.MatchString(p.Limited) {
		mistakes = append(mistakes, errors.New(`limited is what a seat of role limited costs, a decimal number as "0.00"; leave it out where that is the same`))
	}
	if !currencyForm.MatchString(p.Currency) {
		mistakes = append(mistakes, errors.New("currency is three capital letters, as EUR (ISO 4217)"))
	}
	if p.Per != "" && p.Per != PerMonth && p.Per != PerYear {
		mistakes = append(mistakes, fmt.Errorf("unknown per %q; use month or year", p.Per))
	}
	return mistakes
}

// String is for people: "45.00 EUR a month"; "" where it is not known.
func (p Price) String() string {
	if !p.Known() {
		return ""
	}
	text := p.Amount + " " + p.Currency + " a " + string(cmp.Or(p.Per, PerMonth))
	if p.Limited != "" && p.Limited != p.Amount {
		text += ", " + p.Limited + " for role limited"
	}
	return text
}

// Monthly returns what a seat costs a month; limited: one of role limited. Zero where
// the price is not known.
func (p Price) Monthly(limited bool) Money {
	text := p.Amount
	if limited && p.Limited != "" {
		text = p.Limited
	}
	if !amountForm.MatchString(text) {
		return Money{}
	}
	amount, _ := new(big.Rat).SetString(text) // as the form says
	if p.Per == PerYear {
		amount.Quo(amount, big.NewRat(12, 1))
	}
	return Money{amount: amount, Currency: p.Currency, digits: max(digits(p.Amount), digits(p.Limited))}
}

// digits is how many digits an amount has behind the point.
func digits(amount string) int {
	_, behind, _ := strings.Cut(amount, ".")
	return len(behind)
}

// Money is an exact amount. The zero value is none, of no currency; it is never changed.
type Money struct {
	Currency string

	amount *big.Rat // nil: zero
	digits int      // that people write behind the point
}

func (m Money) rat() *big.Rat {
	if m.amount == nil {
		return new(big.Rat)
	}
	return m.amount
}

// Plus adds an amount of the same currency; one without a currency is nothing.
func (m Money) Plus(other Money) Money {
	return Money{amount: new(big.Rat).Add(m.rat(), other.rat()), Currency: cmp.Or(m.Currency, other.Currency), digits: max(m.digits, other.digits)}
}

// Minus takes an amount of the same currency away.
func (m Money) Minus(other Money) Money {
	return m.Plus(Money{amount: new(big.Rat).Neg(other.rat()), Currency: other.Currency, digits: other.digits})
}

// Part returns n parts of d of an amount; d is not 0.
func (m Money) Part(n, d int64) Money {
	return Money{amount: new(big.Rat).Mul(m.rat(), big.NewRat(n, d)), Currency: m.Currency, digits: m.digits}
}

// Zero reports whether m is nothing.
func (m Money) Zero() bool { return m.rat().Sign() == 0 }

// String writes m as a decimal number without its currency, with as many digits behind
// the point as its price has, cut off towards zero: nothing is claimed to be saved that
// was not. "" for an amount of no currency.
func (m Money) String() string {
	if m.Currency == "" {
		return ""
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(m.digits)), nil)
	scaled := new(big.Rat).Mul(m.rat(), new(big.Rat).SetInt(scale))
	whole := new(big.Int).Quo(scaled.Num(), scaled.Denom())
	return new(big.Rat).SetFrac(whole, scale).FloatString(m.digits)
}

// MarshalText writes m as [Money.String] does.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
