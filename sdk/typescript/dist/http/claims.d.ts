/** What a JWT says, unverified: good for planning a renewal, never for a decision about rights. */
export interface Claims {
    readonly exp?: number;
    readonly tenant_id?: string;
    readonly user_id?: string;
}
/** Reads the middle part of a JWT. Of what is no JWT nothing is known. */
export declare function claimsOf(token: string): Claims;
