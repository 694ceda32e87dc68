
local proto = Proto("tinyrealm", "Tinyrealm")
local message_proto = Proto("tinyrealm_message", "Tinyrealm in a WebSocket")

local LENGTH_BYTES, OPCODE_BYTES = 2, 4

-- Names of opcodes, for the fields that tell one.
local OPCODE_NAMES = {}
for opcode, message in pairs(MESSAGES) do
  OPCODE_NAMES[opcode] = message.name
end

local length_field = ProtoField.uint16("tinyrealm.length", "Length", base.DEC)
local opcode_field = ProtoField.uint32("tinyrealm.opcode", "Opcode", base.HEX, OPCODE_NAMES)
local message_field = ProtoField.string("tinyrealm.message", "Message")
local direction_field = ProtoField.string("tinyrealm.direction", "Direction")
local carried_field = ProtoField.string("tinyrealm.carried", "Message of the game")
local rest_field = ProtoField.bytes("tinyrealm.rest", "Not dissected")
local record_field = ProtoField.bytes("tinyrealm.record", "Sealed record")
local fields = {
  length_field, opcode_field, message_field, direction_field, carried_field, rest_field, record_field,
}

local malformed = ProtoExpert.new(
  "tinyrealm.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
local unknown = ProtoExpert.new(
  "tinyrealm.unknown", "An opcode of no message: a peer passes over it", expert.group.UNDECODED,
  expert.severity.NOTE)
proto.experts = { malformed, unknown }

local MAKERS = {
  bool = function(path, name) return ProtoField.bool(path, name) end,
  u8 = function(path, name) return ProtoField.uint8(path, name, base.DEC) end,
  i16 = function(path, name) return ProtoField.int16(path, name, base.DEC) end,
  f32 = function(path, name) return ProtoField.float(path, name) end,
  u16 = function(path, name) return ProtoField.uint16(path, name, base.DEC) end,
  u32 = function(path, name) return ProtoField.uint32(path, name, base.DEC) end,
  u53 = function(path, name) return ProtoField.uint64(path, name, base.DEC) end,
  i32 = function(path, name)
    return ProtoField.int32(path, name, base.DEC, name == "about" and OPCODE_NAMES or nil)
  end,
  code = function(path, name, kind)
    return ProtoField.uint16(path, name, base.DEC, CODES[kind.codes])
  end,
  array = function(path, name) return ProtoField.bytes(path, name) end,
  bytes = function(path, name) return ProtoField.bytes(path, name) end,
  text = function(path, name) return ProtoField.string(path, name, base.UNICODE) end,
  list = function(path, name) return ProtoField.uint16(path .. ".count", name, base.DEC) end,
  structure = function(path, name) return ProtoField.none(path, name) end,
}

-- What is to be shown for a field: a node with its ProtoField and the nodes inside of it.
local declare

local function declare_all(path, list)
  local nodes = {}
  for _, entry in ipairs(list) do
    nodes[#nodes + 1] = declare(path .. "." .. entry[1], entry[1], entry[2])
  end
  return nodes
end

function declare(path, name, kind)
  if kind.kind == "option" then
    return { name = name, kind = kind, inner = declare(path, name, kind.inner) }
  end
  local node = { name = name, kind = kind, field = MAKERS[kind.kind](path, name, kind) }
  fields[#fields + 1] = node.field
  if kind.kind == "list" then
    node.inner = declare(path, name, kind.inner)
  elseif kind.kind == "structure" then
    node.nodes = declare_all(path, STRUCTURES[kind.name])
  end
  return node
end

for _, message in pairs(MESSAGES) do
  message.nodes = declare_all("tinyrealm." .. message.path, message.fields)
end
proto.fields = fields

-- Reading: a problem is raised as a table and caught in `dissect_body`.

local function fail(problem) error({ problem = problem }, 0) end

local function take(reader, count)
  local start = reader.at
  if start + count > reader.tvb:len() then
    fail("it ends here: " .. count .. " bytes should follow, and " .. reader.tvb:len() - start .. " do")
  end
  reader.at = start + count
  return reader.tvb(start, count)
end

-- Numbers are below 2^53, which every Lua counts exactly.
local function varint(reader, bits)
  local number, scale, shift = 0, 1, 0
  while shift < bits do
    local byte = take(reader, 1):uint()
    number = number + byte % 128 * scale
    if byte < 128 then
      if byte == 0 and shift > 0 then fail("a longer form of a number than it needs") end
      if number >= 2 ^ bits then fail("a number of more than " .. bits .. " bits") end
      return math.floor(number)
    end
    scale, shift = scale * 128, shift + 7
  end
  fail("a number that goes on")
end

local function count_of(reader, most)
  local count = varint(reader, 32)
  if count > most then fail(count .. ", and " .. most .. " is the most") end
  return count
end

-- How many bytes follow the first one of a character, and from where to where the first of those is.
local function following(byte)
  if byte < 0x80 then return 0, 0, 0 end
  if byte >= 0xC2 and byte <= 0xDF then return 1, 0x80, 0xBF end
  if byte == 0xE0 then return 2, 0xA0, 0xBF end
  if byte == 0xED then return 2, 0x80, 0x9F end
  if byte >= 0xE1 and byte <= 0xEF then return 2, 0x80, 0xBF end
  if byte == 0xF0 then return 3, 0x90, 0xBF end
  if byte >= 0xF1 and byte <= 0xF3 then return 3, 0x80, 0xBF end
  if byte == 0xF4 then return 3, 0x80, 0x8F end
  fail("a text that is no UTF-8")
end

local function check_utf8(range)
  local place, last = 0, range:len()
  while place < last do
    local more, low, high = following(range(place, 1):uint())
    for further = 1, more do
      local byte = place + further < last and range(place + further, 1):uint() or 0
      if byte < low or byte > high then fail("a text that is no UTF-8") end
      low, high = 0x80, 0xBF
    end
    place = place + 1 + more
  end
end

local function add_number(bits, convert)
  return function(reader, tree, node)
    local start = reader.at
    local number = convert(varint(reader, bits))
    tree:add(node.field, reader.tvb(start, reader.at - start), number)
  end
end

local function same(number) return number end
local function flag(reader)
  local byte = take(reader, 1):uint()
  if byte > 1 then fail("neither 00 nor 01: " .. byte) end
  return byte == 1
end
local function zigzag(number)
  if number % 2 == 0 then return math.floor(number / 2) end
  return -math.floor((number + 1) / 2)
end
local function wide(number)
  return UInt64.new(math.floor(number % 2 ^ 32), math.floor(number / 2 ^ 32))
end

local function add_counted(check)
  return function(reader, tree, node)
    local start = reader.at
    local count = count_of(reader, node.kind.most)
    local counted = reader.tvb(start, reader.at - start)
    reader.data = nil
    if count == 0 then
      tree:add(node.field, counted, ""):append_text(" (empty)")
      return
    end
    local range = take(reader, count)
    check(range)
    reader.data = range
    tree:add(node.field, range)
  end
end

local ADDERS
local function add_nodes(reader, tree, nodes)
  for _, node in ipairs(nodes) do
    reader.field = node.name
    ADDERS[node.kind.kind](reader, tree, node)
  end
end

ADDERS = {
  bool = function(reader, tree, node)
    local start = reader.at
    tree:add(node.field, reader.tvb(start, 1), flag(reader))
  end,
  u8 = function(reader, tree, node)
    local range = take(reader, 1)
    reader.byte = range:uint()
    tree:add(node.field, range)
  end,
  f32 = function(reader, tree, node) tree:add_le(node.field, take(reader, 4)) end,
  i16 = add_number(16, zigzag),
  u16 = add_number(16, same),
  u32 = add_number(32, same),
  u53 = add_number(53, wide),
  i32 = add_number(32, zigzag),
  code = add_number(16, same),
  bytes = add_counted(function() end),
  text = add_counted(check_utf8),
  array = function(reader, tree, node)
    tree:add(node.field, take(reader, node.kind.count))
  end,
  option = function(reader, tree, node)
    if flag(reader) then
      ADDERS[node.inner.kind.kind](reader, tree, node.inner)
    else
      tree:add(reader.tvb(reader.at - 1, 1), node.name .. ": none")
    end
  end,
  list = function(reader, tree, node)
    local start = reader.at
    local count = count_of(reader, node.kind.most)
    local branch = tree:add(node.field, reader.tvb(start, reader.at - start), count)
    for _ = 1, count do
      ADDERS[node.inner.kind.kind](reader, branch, node.inner)
    end
  end,
  structure = function(reader, tree, node)
    local branch = tree:add(node.field, reader.tvb(reader.at, 0))
    add_nodes(reader, branch, node.nodes)
  end,
}

local function direction_of(opcode)
  local message = MESSAGES[opcode]
  if message then return message.direction end
  for _, band in ipairs(BANDS) do
    if opcode >= band[1] and opcode < band[1] + band[2] then return band[3] end
  end
  return "nobody's"
end

local function tell(pinfo, name)
  pinfo.cols.protocol = "Tinyrealm"
  if tostring(pinfo.cols.info):find("^Tinyrealm: ") then
    pinfo.cols.info:append(", " .. name)
  else
    pinfo.cols.info = "Tinyrealm: " .. name
  end
end

-- The fields of a message, or what is wrong with them; answers whether they are whole.
local function add_fields(reader, tree, message)
  local read, raised = pcall(add_nodes, reader, tree, message.nodes)
  local problem = not read and (raised.problem and reader.field .. ": " .. raised.problem or raised)
  if read and reader.at < reader.tvb:len() then
    problem = reader.tvb:len() - reader.at .. " bytes are left over"
  end
  if problem then tree:add_proto_expert_info(malformed, tostring(problem)) end
  return not problem
end

-- A message of the game's within one of the realm's, whose last byte and bytes are its place and its payload.
local function add_carried(reader, tree, first)
  local message = MESSAGES[first + reader.byte]
  if not message then return end
  local tvb = reader.data and reader.data:tvb() or ByteArray.new():tvb("carried")
  local branch = tree:add(carried_field, tvb(), message.name)
  add_fields({ tvb = tvb, at = 0 }, branch, message)
end

-- Behind these everything that the same side says is sealed.
local SEALS = {
  SecureHello = true, SecureAnswer = true, SecureClient = true, SecureClientAnswer = true,
}
local stream_field = Field.new("tcp.stream")
-- The first of these of each side of each connection: in which packet it was, and where in it.
local seals = {}

local function side_of(pinfo)
  local stream = stream_field()
  return (stream and stream.value or 0) .. " " .. pinfo.src_port
end

local function is_sealed(tvb, pinfo)
  local seal = seals[side_of(pinfo)]
  if not seal or pinfo.number < seal.number then return false end
  return pinfo.number > seal.number or tvb:offset() > seal.offset
end

local function dissect_record(tvb, pinfo, tree)
  local name = string.format("sealed record, %d bytes", tvb:len())
  tell(pinfo, name)
  tree:append_text(": " .. name)
  tree:add(record_field, tvb())
end

-- A body: an opcode and a payload; or a record.
local function dissect_body(tvb, pinfo, tree)
  if is_sealed(tvb, pinfo) then return dissect_record(tvb, pinfo, tree) end
  if tvb:len() < OPCODE_BYTES then
    tell(pinfo, "malformed")
    tree:add_proto_expert_info(malformed, "a body has at least 4 bytes")
    return
  end
  local opcode = tvb(0, OPCODE_BYTES):le_int()
  local message = MESSAGES[opcode]
  local name = message and message.name or string.format("unknown 0x%08x", opcode % 2 ^ 32)
  tell(pinfo, name)
  tree:append_text(": " .. name)
  tree:add_le(opcode_field, tvb(0, OPCODE_BYTES))
  tree:add(message_field, tvb(0, OPCODE_BYTES), name):set_generated()
  tree:add(direction_field, tvb(0, OPCODE_BYTES), direction_of(opcode)):set_generated()
  local reader = { tvb = tvb, at = OPCODE_BYTES }
  if not message then
    tree:add_proto_expert_info(unknown)
  else
    local is_whole = add_fields(reader, tree, message)
    if is_whole and message.carries then add_carried(reader, tree, message.carries) end
    if is_whole and SEALS[name] and not seals[side_of(pinfo)] then
      seals[side_of(pinfo)] = { number = pinfo.number, offset = tvb:offset() }
    end
  end
  if reader.at < tvb:len() then tree:add(rest_field, tvb(reader.at)) end
end

-- A frame of a stream: a length and a body.
local function frame_bytes(tvb, _, offset)
  local length = tvb(offset, LENGTH_BYTES):le_uint()
  if length > FRAME_LIMIT_MAX_BYTES then return tvb:len() - offset end
  return LENGTH_BYTES + length
end

local function dissect_frame(tvb, pinfo, root)
  local tree = root:add(proto, tvb())
  local length = tvb(0, LENGTH_BYTES)
  tree:add_le(length_field, length)
  if length:le_uint() > FRAME_LIMIT_MAX_BYTES then
    tell(pinfo, "malformed")
    tree:add_proto_expert_info(malformed, "a length out of bounds")
  else
    local body = tvb:len() > LENGTH_BYTES and tvb(LENGTH_BYTES):tvb() or ByteArray.new():tvb("body")
    dissect_body(body, pinfo, tree)
  end
  return tvb:len()
end

function proto.dissector(tvb, pinfo, root)
  dissect_tcp_pdus(tvb, root, LENGTH_BYTES, frame_bytes, dissect_frame)
  return tvb:len()
end

function message_proto.dissector(tvb, pinfo, root)
  dissect_body(tvb, pinfo, root:add(proto, tvb()))
  return tvb:len()
end

-- Whatever begins with an opcode of ours is ours, on any port. Where a capture begins in the middle of a frame,
-- "Decode as" helps.
local function begins_a_frame(tvb, pinfo, root)
  if tvb:len() < LENGTH_BYTES + OPCODE_BYTES then return false end
  local length = tvb(0, LENGTH_BYTES):le_uint()
  local is_ours = length >= OPCODE_BYTES and length <= FRAME_LIMIT_MAX_BYTES
    and MESSAGES[tvb(LENGTH_BYTES, OPCODE_BYTES):le_int()] ~= nil
  if is_ours then
    pinfo.conversation = proto
    proto.dissector(tvb, pinfo, root)
  end
  return is_ours
end

local function is_a_body(tvb, pinfo, root)
  local is_message = tvb:len() >= OPCODE_BYTES and MESSAGES[tvb(0, OPCODE_BYTES):le_int()] ~= nil
  local is_ours = is_message or is_sealed(tvb, pinfo)
  if is_ours then message_proto.dissector(tvb, pinfo, root) end
  return is_ours
end

-- Captures that are opened one after the other begin anew.
function proto.init() seals = {} end

proto:register_heuristic("tcp", begins_a_frame)
DissectorTable.get("tcp.port"):add_for_decode_as(proto)
message_proto:register_heuristic("ws", is_a_body)
DissectorTable.get("ws.protocol"):add(SUB_PROTOCOL, message_proto)
