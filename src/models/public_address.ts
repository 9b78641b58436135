/**
 * Which IP addresses belong to the public internet.
 * @module
 */

/**
 * First address and prefix length of the IPv4 blocks that are not public.
 *
 * Source: https://www.iana.org/assignments/iana-ipv4-special-registry (2025-11), and multicast.
 */
const SPECIAL_IPV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

const SPECIAL_IPV4_BLOCKS = SPECIAL_IPV4.map(([first, bits]) =>
  [ipv4Number(first)! >>> (32 - bits), 32 - bits] as const
);

/**
 * Whether an address may be public. What is not an IP address is not; neither are IPv4 addresses
 * written as IPv6, nor the tunnels that carry them.
 *
 * @param address dotted IPv4, or IPv6 without brackets
 */
export function isPublicAddress(address: string): boolean {
  const number = ipv4Number(address);
  if (number !== undefined) {
    return SPECIAL_IPV4_BLOCKS.every(([prefix, shift]) => number >>> shift !== prefix);
  }
  return isPublicIpv6(address);
}

function ipv4Number(address: string): number | undefined {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (!octets || octets.some((octet) => octet > 255)) return undefined;
  return octets.reduce((number, octet) => number * 256 + octet, 0);
}

/**
 * Source: https://www.iana.org/assignments/iana-ipv6-special-registry (2025-11). Public addresses
 * are handed out of 2000::/3 alone.
 */
function isPublicIpv6(address: string): boolean {
  // The URL parser writes every form of an IPv6 address in one way, and takes no zone.
  const hostname = URL.parse(`http://[${address}]/`)?.hostname;
  if (!hostname) return false;
  const [first = 0, second = 0] = hostname.slice(1, -1).split(":").map((group) =>
    Number.parseInt(group || "0", 16)
  );
  if (first < 0x2000 || first > 0x3fff) return false;
  if (first === 0x2001) return second >= 0x200 && second !== 0xdb8;
  if (first === 0x2002) return false;
  return first !== 0x3fff || second >= 0x1000;
}
