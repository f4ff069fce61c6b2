// Reads pairs of text and layout, one JSON list a line, and answers each with the date that Go makes of it in the way
// CrowdSec's documentation describes: the layout of the event, the known layouts, Unix seconds; null for none. A peer of
// ts/enrich/date.ts for bench/suites/dates-beside-go.ts; needs only Go's standard library.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"time"
)

type input struct {
	Layouts []string    `json:"layouts"`
	Year    int         `json:"year"`
	Rows    [][2]string `json:"rows"`
}

func main() {
	var in input
	if err := json.NewDecoder(bufio.NewReader(os.Stdin)).Decode(&in); err != nil {
		panic(err)
	}
	answers := make([]*string, len(in.Rows))
	for i, row := range in.Rows {
		answers[i] = read(row[0], row[1], in)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}

func read(text, layout string, in input) *string {
	layouts := in.Layouts
	if layout != "" {
		layouts = append([]string{layout}, layouts...)
	}
	for _, each := range layouts {
		if found := byLayout(text, each, in.Year); found != nil {
			return found
		}
	}
	seconds, err := strconv.ParseInt(strings.Split(text, ".")[0], 10, 64)
	if err != nil || seconds <= 0 {
		return nil
	}
	unix := time.Unix(seconds, 0).Format(time.RFC3339)
	return &unix
}

func byLayout(text, layout string, year int) *string {
	at, err := time.Parse(layout, text)
	if err != nil || at.IsZero() {
		return nil
	}
	if at.Year() == 0 {
		at = at.AddDate(year, 0, 0)
	}
	marshaled, err := at.MarshalText()
	if err != nil {
		return nil
	}
	found := string(marshaled)
	return &found
}
