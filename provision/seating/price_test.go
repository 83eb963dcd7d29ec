package seating_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision/seating"
)

func TestMoneyIsExact(t *testing.T) {
	price := seating.Price{Amount: "0.10", Limited: "0.01", Currency: "EUR"}
	sum := seating.Money{}
	for range 1000 {
		sum = sum.Plus(price.Monthly(false))
	}
	for got, want := range map[string]string{
		sum.String(): "100.00",
		price.Monthly(false).Minus(price.Monthly(true)).String():                                                  "0.09",
		seating.Price{Amount: "100.00", Currency: "EUR", Per: seating.PerYear}.Monthly(false).String():            "8.33", // cut off
		seating.Price{Amount: "100.00", Currency: "EUR", Per: seating.PerYear}.Monthly(true).Part(12, 1).String(): "100.00",
		seating.Price{Amount: "4500", Currency: "JPY"}.Monthly(true).Part(1, 3).String():                          "1500",
		seating.Price{}.Monthly(false).String():                                                                   "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestPriceMistakes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		price seating.Price
		wrong int
	}{
		{"none", seating.Price{}, 0},
		{"a month", seating.Price{Amount: "45.00", Currency: "EUR"}, 0},
		{"a comma", seating.Price{Amount: "45,00", Currency: "EUR"}, 1},
		{"below zero", seating.Price{Amount: "-1", Currency: "EUR"}, 1},
		{"an exponent", seating.Price{Amount: "1e9", Currency: "EUR"}, 1},
		{"a limited seat alone, and no currency", seating.Price{Limited: "1"}, 2},
		{"a sign for the currency, a week", seating.Price{Amount: "1", Currency: "€", Per: "week"}, 2},
	} {
		if got := tt.price.Validate(); len(got) != tt.wrong {
			t.Errorf("%s: %v, want %d mistakes", tt.name, got, tt.wrong)
		}
	}
}
