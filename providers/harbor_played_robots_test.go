package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// playedRobot is one as Harbor keeps it: without the prefix, which it puts before the name whenever it tells it.
type playedRobot struct {
	number int
	// project is 0 where the robot belongs to Harbor itself.
	project   int
	name      string
	secret    string
	made      time.Time
	expires   int64
	described map[string]any
}

func (p *playedHarbor) isRobot(username, password string) bool {
	return slices.ContainsFunc(p.robots, func(each *playedRobot) bool {
		expired := each.expires != forEver && each.expires <= time.Now().Unix()
		return p.prefix+each.name == username && each.secret == password && each.described["disable"] != true && !expired
	})
}

func (p *playedHarbor) tellOf(robot *playedRobot) map[string]any {
	told := map[string]any{
		"id": robot.number, "name": p.prefix + robot.name, "level": "system", "editable": true, "expires_at": robot.expires,
		"creation_time": robot.made.UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	if robot.project != 0 {
		told["level"] = "project"
	}
	for _, key := range []string{"description", "duration", "disable", "permissions"} {
		told[key] = robot.described[key]
	}
	return told
}

func (p *playedHarbor) robot(writer http.ResponseWriter, request *http.Request, path []string, body map[string]any) {
	if len(path) == 1 {
		if request.Method == http.MethodPost {
			p.makeRobot(writer, body)
		} else {
			p.listRobots(writer, request)
		}
		return
	}
	place := slices.IndexFunc(p.robots, func(each *playedRobot) bool { return fmt.Sprint(each.number) == path[1] })
	if place < 0 {
		refuse(writer, http.StatusNotFound, "NOT_FOUND", "robot "+path[1]+" not found")
		return
	}
	found := p.robots[place]
	switch request.Method {
	case http.MethodDelete:
		p.robots = slices.Delete(p.robots, place, place+1)
	case http.MethodPatch:
		found.secret = body["secret"].(string)
	case http.MethodPut:
		if body["name"] != p.prefix+found.name || body["level"] != p.tellOf(found)["level"] {
			refuse(writer, http.StatusBadRequest, "BAD_REQUEST", "cannot update the level or name of robot")
			return
		}
		if body["duration"] != found.described["duration"] {
			found.expires = expiry(found.made, body["duration"])
		}
		found.described = body
	}
	tell(writer, http.StatusOK, p.tellOf(found))
}

func expiry(made time.Time, days any) int64 {
	if days == float64(forEver) {
		return forEver
	}
	return made.AddDate(0, 0, int(days.(float64))).Unix()
}

func (p *playedHarbor) makeRobot(writer http.ResponseWriter, body map[string]any) {
	made := &playedRobot{name: body["name"].(string), made: time.Now(), secret: "Made-by-Harbor-1", described: body}
	if body["level"] == "project" {
		project := body["permissions"].([]any)[0].(map[string]any)["namespace"].(string)
		if p.projects[project] == nil {
			refuse(writer, http.StatusNotFound, "NOT_FOUND", "project "+project+" not found")
			return
		}
		made.project, made.name = p.projects[project].number, project+"+"+made.name
	}
	for _, each := range p.robots {
		if each.name == made.name {
			refuse(writer, http.StatusConflict, "CONFLICT", fmt.Sprintf("robot account %d:%s already exists", made.project, made.name))
			return
		}
	}
	// It does not listen to whether the robot shall be disabled here.
	body["disable"] = false
	p.made++
	made.number, made.expires = p.made, expiry(made.made, body["duration"])
	p.robots = append(p.robots, made)
	tell(writer, http.StatusCreated, map[string]any{
		"id": made.number, "name": p.prefix + made.name, "secret": made.secret, "expires_at": made.expires,
		"creation_time": made.made.UTC().Format(time.RFC3339),
	})
}

func (p *playedHarbor) listRobots(writer http.ResponseWriter, request *http.Request) {
	query := request.URL.Query().Get("q")
	project, ofProject := strings.CutPrefix(query, "Level=project,ProjectID=")
	if !ofProject && query != "Level=system" {
		refuse(writer, http.StatusBadRequest, "BAD_REQUEST", "bad request error level input")
		return
	}
	robots := []any{}
	for _, each := range p.robots {
		if ofProject && fmt.Sprint(each.project) == project || !ofProject && each.project == 0 {
			robots = append(robots, p.tellOf(each))
		}
	}
	tell(writer, http.StatusOK, page(request, robots))
}
