package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func whereTold(t *testing.T, homes ...dwelling) (string, error) {
	t.Helper()
	text, err := json.Marshal(homes)
	must(t, err)
	var out strings.Builder
	err = tellWhere(bytes.NewReader(text), &out)
	return out.String(), err
}

func TestWhereTheOnlyHomeIs(t *testing.T) {
	there := wanted(t, false).access
	made := furnish(t, there, "v1", "latest")
	said, err := whereTold(t, dwelling{there, "embedded", []string{"v1", "latest"}})
	must(t, err)
	mustContain(t, said, "embedded  "+there.Repository, "v1 ", "latest ", made.index.String()+"  embedded\n", made.beside.String(),
		"It is the only home.")
	mustNotContain(t, said, there.Password)
}

func TestHomesThatAgree(t *testing.T) {
	here, there := wanted(t, false).access, wanted(t, false).access
	made := furnish(t, here, "v1")
	call, _ := newCall(t)
	_, err := imageCopy{}.create(call, propertiesOf(t, imageCopyInputs{access: there, Source: here, Images: []namedImage{{made.index.String(), []string{"v1"}}}}))
	must(t, err)
	// What is somebody else's need not be everywhere.
	said, err := whereTold(t, dwelling{here, "embedded", []string{"v1"}}, dwelling{there, "zot", []string{"v1"}})
	must(t, err)
	mustContain(t, said, made.index.String()+"  embedded, zot\n", made.beside.String()+"  embedded\n", "All 2 homes agree.")
}

func TestHomesThatDoNotAgree(t *testing.T) {
	here, there := wanted(t, false).access, wanted(t, false).access
	one, other := furnish(t, here, "v1"), furnish(t, there, "v1")
	said, err := whereTold(t, dwelling{here, "embedded", []string{"v1", "v2"}}, dwelling{there, "zot", []string{"v1", "v2"}})
	if err == nil {
		t.Fatal(said)
	}
	mustContain(t, said, one.index.String()+"  embedded\n", other.index.String()+"  zot\n")
	mustContain(t, err.Error(), "do not agree about beside, v1, v2")
}

func TestAHomeThatOneTagIsMissingIn(t *testing.T) {
	here, there := wanted(t, false).access, wanted(t, false).access
	connection := connected(t, here)
	must(t, remote.Write(connection.name.Tag("v1"), anImage(t), connection.options...))
	said, err := whereTold(t, dwelling{here, "embedded", []string{"v1"}}, dwelling{there, "zot", []string{"v1"}})
	if err == nil {
		t.Fatal(said)
	}
	mustContain(t, err.Error(), "do not agree about v1")
}

func TestAHomeThatCannotBeRead(t *testing.T) {
	here := wanted(t, false).access
	made := furnish(t, here, "v1")
	said, err := whereTold(t, dwelling{here, "embedded", []string{"v1"}}, dwelling{access{Repository: "127.0.0.1:1/hero"}, "zot", []string{"v1"}})
	if err == nil {
		t.Fatal(said)
	}
	mustContain(t, said, made.index.String())
	mustContain(t, err.Error(), "127.0.0.1:1/hero cannot be read")
}
