package main

import "net/http"

// preheat answers for instances and policies, which the path names.
func (p *playedHarbor) preheat(writer http.ResponseWriter, request *http.Request, kept map[string]map[string]any, name string, body map[string]any) {
	found := kept[name]
	switch {
	case request.Method == http.MethodPost:
		p.made++
		body["id"] = p.made
		kept[body["name"].(string)] = body
		tell(writer, http.StatusCreated, nil)
	case found == nil:
		refuse(writer, http.StatusNotFound, "NOT_FOUND", name+" is not there")
	case request.Method == http.MethodGet:
		shown := map[string]any{}
		for key, value := range found {
			if key != "auth_info" {
				shown[key] = value
			}
		}
		tell(writer, http.StatusOK, shown)
	case request.Method == http.MethodPut && body["id"] == float64(found["id"].(int)):
		body["id"] = found["id"]
		kept[name] = body
		tell(writer, http.StatusOK, nil)
	case request.Method == http.MethodDelete && p.isUsed(found["id"]):
		refuse(writer, http.StatusPreconditionFailed, "PRECONDITION", "some preheat policies are using it")
	case request.Method == http.MethodDelete:
		delete(kept, name)
		tell(writer, http.StatusOK, nil)
	default:
		refuse(writer, http.StatusBadRequest, "BAD_REQUEST", "no number")
	}
}

// isUsed is about an instance.
func (p *playedHarbor) isUsed(number any) bool {
	for _, policies := range p.policies {
		for _, policy := range policies {
			if policy["provider_id"] == float64(number.(int)) {
				return true
			}
		}
	}
	return false
}
