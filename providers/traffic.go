package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	patienceWithTraffic  = time.Minute
	dragonflyMetricsPort = 4002
	// https://github.com/dragonflyoss/client/blob/v1.4.0/dragonfly-client-metric/src/lib.rs
	trafficMetric = "dragonfly_client_download_traffic"
)

// dragonflyFetching are those parts of a Dragonfly that fetch images, as the chart labels their pods.
var dragonflyFetching = []string{"client", "seed-client"}

// traffic is how many bytes one of them has got from where, since its pod started.
type traffic struct{ origin, peers, itself float64 }

func (t traffic) plus(other traffic) traffic {
	return traffic{t.origin + other.origin, t.peers + other.peers, t.itself + other.itself}
}

// tellTraffic says of each pod that fetches, and of all, what came from where. The pods are asked by way of the cluster's
// API, so that nobody else has to reach them.
func tellTraffic(kubeconfig, contextName, namespace string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), patienceWithTraffic)
	defer cancel()
	cluster, err := connectCluster(kubeconfig, contextName)
	if err != nil {
		return err
	}
	var pods corev1.PodList
	if err := cluster.list(ctx, "api/v1/namespaces/"+namespace+"/pods", &pods); err != nil {
		return err
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "pod\tnode\tfrom the origin\tfrom peers\tfrom its own copies")
	var all traffic
	var silent []string
	asked := 0
	for _, pod := range pods.Items {
		if !slices.Contains(dragonflyFetching, pod.Labels["component"]) {
			continue
		}
		asked++
		got, err := cluster.traffic(ctx, pod)
		if err != nil {
			silent = append(silent, fmt.Sprintf("%s does not tell: %v", pod.Name, err))
			continue
		}
		all = all.plus(got)
		fmt.Fprintf(table, "%s\t%s\t%s\n", pod.Name, pod.Spec.NodeName, got)
	}
	if asked == 0 {
		return fmt.Errorf("no pod of a Dragonfly is in the namespace %s; look further with: %s", namespace, cluster.kubectl(namespace, "get pods"))
	}
	fmt.Fprintf(table, "all\t\t%s\n", all)
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "Each pod counts from its own start.")
	if len(silent) > 0 {
		return errors.New(strings.Join(silent, "; "))
	}
	return nil
}

func (c *cluster) traffic(ctx context.Context, pod corev1.Pod) (traffic, error) {
	below := fmt.Sprintf("api/v1/namespaces/%s/pods/%s:%d/proxy/metrics", pod.Namespace, pod.Name, dragonflyMetricsPort)
	response, err := c.ask(ctx, http.MethodGet, below, nil)
	if err != nil {
		return traffic{}, err
	}
	defer discard(response)
	if response.StatusCode != http.StatusOK {
		return traffic{}, c.refusal(response)
	}
	return readTraffic(response.Body)
}

// readTraffic reads Prometheus's text; a pod that has fetched nothing yet does not name the metric at all.
func readTraffic(metrics io.Reader) (traffic, error) {
	var found traffic
	lines := bufio.NewScanner(metrics)
	lines.Buffer(nil, longestAnswer)
	for lines.Scan() {
		labels, isOurs := strings.CutPrefix(lines.Text(), trafficMetric+"{")
		labels, value, complete := strings.Cut(labels, "} ")
		if !isOurs || !complete {
			continue
		}
		bytes, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return traffic{}, fmt.Errorf("%s is no number", shortExcuse(value))
		}
		switch {
		case strings.Contains(labels, `type="BACK_TO_SOURCE"`):
			found.origin += bytes
		case strings.Contains(labels, `type="REMOTE_PEER"`):
			found.peers += bytes
		case strings.Contains(labels, `type="LOCAL_PEER"`):
			found.itself += bytes
		}
	}
	return found, lines.Err()
}

func (t traffic) String() string {
	return readableBytes(t.origin) + "\t" + readableBytes(t.peers) + "\t" + readableBytes(t.itself)
}

func readableBytes(bytes float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	place := 0
	for bytes >= 1000 && place < len(units)-1 {
		bytes /= 1000
		place++
	}
	if place == 0 {
		return fmt.Sprintf("%.0f %s", bytes, units[place])
	}
	return fmt.Sprintf("%.1f %s", bytes, units[place])
}
