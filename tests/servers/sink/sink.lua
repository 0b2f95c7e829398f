-- An S3 that forgets: bodies are read and dropped; sizes and ETags are kept, so that
-- HEAD, ListParts and Complete answer what a client expects. Nothing is verified.
--   objects   /BUCKET/KEY          "SIZE ETAG"
--   uploads   ID                   its path;  ID/NUMBER: "SIZE ETAG";  ID/last: highest number
local sink = {}
local ffi = require "ffi"
local uploads, objects = ngx.shared.uploads, ngx.shared.objects
local TRUE_MD5 = os.getenv("SINK_ETAG") == "md5"
local PIECE = 96 * 1024     -- lua_socket_buffer_size in nginx.conf.in
local XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

ffi.cdef [[
typedef struct evp_md_ctx_st EVP_MD_CTX;
EVP_MD_CTX *EVP_MD_CTX_new(void);
void EVP_MD_CTX_free(EVP_MD_CTX *);
const void *EVP_md5(void);
int EVP_DigestInit_ex(EVP_MD_CTX *, const void *, void *);
int EVP_DigestUpdate(EVP_MD_CTX *, const void *, size_t);
int EVP_DigestFinal_ex(EVP_MD_CTX *, unsigned char *, unsigned int *);
]]

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function xml(status, format, ...)
  local text = '<?xml version="1.0" encoding="UTF-8"?>\n' .. format:format(...)
  ngx.status = status
  ngx.header["Content-Type"] = "application/xml"
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

local function fail(status, code)
  xml(status, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
end

local function empty(status)
  ngx.status = status
  ngx.header["Content-Length"] = 0
  ngx.send_headers()
end

-- A small body as a string (Complete's list of parts).
local function read_body()
  ngx.req.read_body()
  local file = ngx.req.get_body_file()
  if not file then return ngx.req.get_body_data() or "" end
  local handle = io.open(file, "rb")
  local text = handle:read("*a")
  handle:close()
  return text
end

-- Calls each(piece) with the body as it comes; its length, or nil when it broke off.
local function drain(each)
  local length = tonumber(ngx.var.http_content_length)
  if not length then
    local text = read_body()
    each(text)
    return #text
  end
  if length == 0 then return 0 end
  local socket = ngx.req.socket()
  if not socket then return nil end
  socket:settimeout(300000)
  local left = length
  while left > 0 do
    local piece = socket:receive(math.min(left, PIECE))
    if not piece then return nil end
    each(piece)
    left = left - #piece
  end
  return length
end

local function true_md5()
  local context, out = ffi.C.EVP_MD_CTX_new(), ffi.new("unsigned char[16]")
  ffi.C.EVP_DigestInit_ex(context, ffi.C.EVP_md5(), nil)
  local size = drain(function(piece) ffi.C.EVP_DigestUpdate(context, piece, #piece) end)
  ffi.C.EVP_DigestFinal_ex(context, out, nil)
  ffi.C.EVP_MD_CTX_free(context)
  return size, hex(ffi.string(out, 16))
end

-- Drops the body; its size without aws-chunked framing, and an ETag.
local function swallow()
  local size, etag
  if TRUE_MD5 then size, etag = true_md5() else size = drain(function() end) end
  if not size then return nil end
  local given = ngx.decode_base64(ngx.var.http_content_md5 or "")
  if not TRUE_MD5 then
    etag = given and #given == 16 and hex(given) or ngx.md5(ngx.var.request_uri .. size)
  end
  return tonumber(ngx.var.http_x_amz_decoded_content_length) or size, etag
end

local function put(path, args)
  local exists = objects:get(path)
  local size, etag = swallow()
  if not size then return ngx.exit(400) end
  if not path:match("^/[^/]+/.") then return empty(200) end     -- a bucket
  if args.uploadId then
    local id, number = args.uploadId, tonumber(args.partNumber)
    if not uploads:get(id) then return fail(404, "NoSuchUpload") end
    uploads:set(id .. "/" .. number, size .. " " .. etag)
    if number > (uploads:get(id .. "/last") or 0) then uploads:set(id .. "/last", number) end
  else
    if ngx.var.http_if_none_match and exists then return fail(412, "PreconditionFailed") end
    objects:set(path, size .. " " .. etag)
  end
  for name, value in pairs(ngx.req.get_headers(100)) do
    if name:match("^x%-amz%-checksum%-") and name ~= "x-amz-checksum-algorithm" then ngx.header[name] = value end
  end
  ngx.header["ETag"] = '"' .. etag .. '"'
  empty(200)
end

local function create(path)
  read_body()
  local id = ngx.var.request_id
  uploads:set(id, path)
  local bucket, key = path:match("^/([^/]+)/(.*)$")
  xml(200, "<InitiateMultipartUploadResult %s><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId>" ..
    "</InitiateMultipartUploadResult>", XMLNS, bucket, key, id)
end

local function forget(id)
  for number = 1, uploads:get(id .. "/last") or 0 do uploads:delete(id .. "/" .. number) end
  uploads:delete(id .. "/last")
  uploads:delete(id)
end

local function complete(path, id)
  local body, digests, total, count = read_body(), {}, 0, 0
  if not uploads:get(id) then return fail(404, "NoSuchUpload") end
  for number in body:gmatch("<PartNumber>(%d+)</PartNumber>") do
    local part = uploads:get(id .. "/" .. number)
    if not part then return fail(400, "InvalidPart") end
    local size, etag = part:match("^(%d+) (%x+)")
    count, total = count + 1, total + tonumber(size)
    digests[count] = etag:gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end)
  end
  forget(id)
  local etag = ngx.md5(table.concat(digests)) .. "-" .. count
  objects:set(path, total .. " " .. etag)
  local bucket, key = path:match("^/([^/]+)/(.*)$")
  xml(200, "<CompleteMultipartUploadResult %s><Location>http://%s%s</Location><Bucket>%s</Bucket><Key>%s</Key>" ..
    "<ETag>&quot;%s&quot;</ETag></CompleteMultipartUploadResult>", XMLNS, ngx.var.http_host, path, bucket, key, etag)
end

local function head(path)
  if not path:match("^/[^/]+/.") then return empty(200) end
  local object = objects:get(path)
  if not object then return empty(404) end
  local size, etag = object:match("^(%d+) (%S+)")
  ngx.header["Content-Length"] = size
  ngx.header["ETag"] = '"' .. etag .. '"'
  ngx.header["Last-Modified"] = ngx.http_time(ngx.time())
  ngx.send_headers()
end

local function list_parts(path, id)
  if not uploads:get(id) then return fail(404, "NoSuchUpload") end
  local rows = {}
  for number = 1, uploads:get(id .. "/last") or 0 do
    local size, etag = (uploads:get(id .. "/" .. number) or ""):match("^(%d+) (%x+)")
    if size then
      rows[#rows + 1] = ("<Part><PartNumber>%d</PartNumber><ETag>&quot;%s&quot;</ETag><Size>%s</Size></Part>")
        :format(number, etag, size)
    end
  end
  local bucket, key = path:match("^/([^/]+)/(.*)$")
  xml(200, "<ListPartsResult %s><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId>" ..
    "<IsTruncated>false</IsTruncated>%s</ListPartsResult>", XMLNS, bucket, key, id, table.concat(rows))
end

local function delete(path, args)
  if not args.uploadId then objects:delete(path)
  elseif uploads:get(args.uploadId) then forget(args.uploadId)
  else return fail(404, "NoSuchUpload") end
  empty(204)
end

function sink.serve()
  local method, path, args = ngx.req.get_method(), ngx.var.uri, ngx.req.get_uri_args(20)
  ngx.header["x-amz-request-id"] = ngx.var.request_id:sub(1, 16):upper()
  if method == "PUT" then put(path, args)
  elseif method == "POST" and args.uploads then create(path)
  elseif method == "POST" and args.uploadId then complete(path, args.uploadId)
  elseif method == "HEAD" then head(path)
  elseif method == "DELETE" then delete(path, args)
  elseif method == "GET" and args.uploadId then list_parts(path, args.uploadId)
  else fail(501, "NotImplemented") end
end

return sink
