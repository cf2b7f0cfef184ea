import { ApiError } from "../errors.js";
/** Reads an answer that is not a success. A proxy in between may have written it, so nothing is taken for granted. */
export declare function errorOf(response: Response): Promise<ApiError>;
