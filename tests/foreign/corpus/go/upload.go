// upload MODE: the corpus in Go, with net/http alone. It uploads "key" to the bucket "bucket" of
// AWS_ENDPOINT_URL in parts, unsigned, and says begin and end around the region in question.
package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	partSize = 5 << 20
	nrParts  = 3
)

var begun, done atomic.Bool

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "upload:", err)
		os.Exit(3)
	}
}

func request(method, query string, body []byte) (http.Header, []byte) {
	q, err := http.NewRequest(method, os.Getenv("AWS_ENDPOINT_URL")+"/bucket/key"+query, bytes.NewReader(body))
	check(err)
	r, err := http.DefaultClient.Do(q)
	check(err)
	text, err := io.ReadAll(r.Body)
	check(err)
	r.Body.Close()
	if r.StatusCode != 200 {
		check(fmt.Errorf("%s %s: %s", method, query, r.Status))
	}
	return r.Header, text
}

type part struct {
	XMLName xml.Name `xml:"Part"`
	Number  int      `xml:"PartNumber"`
	ETag    string   `xml:"ETag"`
}

func upload() {
	var id struct{ UploadId string }
	parts := make([]part, nrParts)
	var all sync.WaitGroup
	_, text := request("POST", "?uploads", nil)
	check(xml.Unmarshal(text, &id))
	begun.Store(true)
	for i := range parts {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			header, _ := request("PUT", fmt.Sprintf("?partNumber=%d&uploadId=%s", i+1, id.UploadId), make([]byte, partSize))
			parts[i] = part{Number: i + 1, ETag: header.Get("ETag")}
		}(i)
	}
	all.Wait()
	list, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Parts   []part
	}{Parts: parts})
	check(err)
	request("POST", "?uploadId="+id.UploadId, list)
	done.Store(true)
}

func seconds(name string, otherwise float64) time.Duration {
	n, err := strconv.ParseFloat(os.Getenv(name), 64)
	if err != nil {
		n = otherwise
	}
	return time.Duration(n * float64(time.Second))
}

func pause() {
	time.Sleep(seconds("T_PAUSE", 3))
}

func main() {
	mode := os.Args[1]
	fmt.Println("begin")
	switch mode {
	case "put":
		request("PUT", "", make([]byte, partSize))
	case "parts":
		upload()
	case "waitgroup":
		var all sync.WaitGroup
		all.Add(1)
		go func() { defer all.Done(); upload() }()
		all.Wait()
	case "channel":
		over := make(chan bool)
		go func() { upload(); over <- true }()
		<-over
	case "timeout":
		over := make(chan bool, 1)
		go func() { upload(); over <- true }()
		select {
		case <-over:
		case <-time.After(seconds("T_LIMIT", 1)):
		}
	case "forgotten", "exit":
		go upload()
	case "lucky":
		go upload()
		pause()
	default:
		os.Exit(2)
	}
	fmt.Println("end")
	for (mode == "forgotten" || mode == "timeout") && !done.Load() || mode == "exit" && !begun.Load() {
		time.Sleep(10 * time.Millisecond)
	}
}
